SELECT faa FROM airports

SELECT origin FROM flights EXCEPT SELECT dest FROM flights

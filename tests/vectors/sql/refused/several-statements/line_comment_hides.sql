SELECT COUNT(*) FROM flights -- done
; ATTACH 'x'

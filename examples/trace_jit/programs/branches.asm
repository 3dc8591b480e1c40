; Guards that fail often: a pseudo-random number decides which way each turn goes.
        mov  r0, 0              ; turn
        mov  r1, 12345          ; random number
        mov  r2, 0              ; checksum
turn:   mul  r1, r1, 6364136223846793005
        add  r1, r1, 1442695040888963407
        shr  r3, r1, 61
        jeq  r3, 0, zero
        jeq  r3, 1, one
        jlt  r3, 4, few
        rem  r4, r1, r3
        add  r2, r2, r4
        jmp  next
zero:   xor  r2, r2, r1
        jmp  next
one:    shl  r4, r2, r3
        shr  r5, r2, 63
        or   r2, r4, r5
        jmp  next
few:    sub  r2, r2, r1
        sar  r2, r2, r3
next:   add  r0, r0, 1
        jlt  r0, 2000000, turn
        halt r2

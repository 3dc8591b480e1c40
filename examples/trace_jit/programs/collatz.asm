; The start below 100,000 with the longest Collatz chain.
        mov  r0, 1              ; start
        mov  r1, 0              ; best start
        mov  r2, 0              ; best length
start:  mov  r3, r0             ; n
        mov  r4, 1              ; length
chain:  jeq  r3, 1, done
        add  r4, r4, 1
        and  r5, r3, 1
        jeq  r5, 0, even
        mul  r3, r3, 3
        add  r3, r3, 1
        jmp  chain
even:   sar  r3, r3, 1
        jmp  chain
done:   jle  r4, r2, next
        mov  r1, r0
        mov  r2, r4
next:   add  r0, r0, 1
        jlt  r0, 100000, start
        halt r1

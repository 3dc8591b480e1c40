; Sieve of Eratosthenes: how many primes are below 3,000,000. One byte a number, 1 for composite.
.memory 3000000
        mov  r0, 3000000        ; n
        mov  r1, 2              ; i
outer:  mul  r2, r1, r1         ; j = i * i
        jge  r2, r0, count
        ld8  r3, [r1]
        jne  r3, 0, next
mark:   st8  [r2], 1
        add  r2, r2, r1
        jlt  r2, r0, mark
next:   add  r1, r1, 1
        jmp  outer
count:  mov  r1, 2
        mov  r4, 0              ; primes
each:   ld8  r3, [r1]
        add  r4, r4, 1
        sub  r4, r4, r3
        add  r1, r1, 1
        jlt  r1, r0, each
        halt r4

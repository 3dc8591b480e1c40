; The product of two matrices of 120 by 120 floats, row by row in memory, and the sum of its elements.
.memory 345600                  ; 3 * 120 * 120 * 8
        mov  r0, 120            ; n
        mov  r1, 115200         ; size of a matrix
        mov  r2, 0              ; fill a[i] = i mod 7, b[i] = i mod 5
        mov  r3, 0
fill:   rem  r4, r3, 7
        itof f0, r4
        fst  [r2], f0
        rem  r4, r3, 5
        itof f0, r4
        fst  [r2 + 115200], f0
        add  r2, r2, 8
        add  r3, r3, 1
        jlt  r2, r1, fill

        mov  r5, 0              ; i
        mov  r10, 0             ; address in c
row:    mov  r6, 0              ; j
column: fmov f1, 0.0
        mul  r7, r5, 960        ; address in a
        add  r8, r7, 960        ; end of the row
        mul  r9, r6, 8          ; address in b
dot:    fld  f2, [r7]
        fld  f3, [r9 + 115200]
        fmul f2, f2, f3
        fadd f1, f1, f2
        add  r7, r7, 8
        add  r9, r9, 960
        jlt  r7, r8, dot
        fst  [r10 + 230400], f1
        add  r10, r10, 8
        add  r6, r6, 1
        jlt  r6, r0, column
        add  r5, r5, 1
        jlt  r5, r0, row

        fmov f4, 0.0
        mov  r2, 0
sum:    fld  f5, [r2 + 230400]
        fadd f4, f4, f5
        add  r2, r2, 8
        jlt  r2, r1, sum
        halt f4

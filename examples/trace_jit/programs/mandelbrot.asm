; The Mandelbrot set on a grid of 200 by 200 points, at most 200 turns a point: the sum of all turns.
        mov  r0, 200            ; width, height and limit
        mov  r1, 0              ; y
        mov  r9, 0              ; sum
row:    itof f0, r1
        fdiv f0, f0, 100.0
        fsub f0, f0, 1.0        ; imaginary part of c
        mov  r2, 0              ; x
point:  itof f1, r2
        fdiv f1, f1, 80.0
        fsub f1, f1, 2.0        ; real part of c
        fmov f2, 0.0            ; z
        fmov f3, 0.0
        mov  r3, 0              ; turns
turn:   fmul f4, f2, f2
        fmul f5, f3, f3
        fadd f6, f4, f5
        fjgt f6, 4.0, out
        fmul f7, f2, f3
        fadd f7, f7, f7
        fadd f3, f7, f0
        fsub f2, f4, f5
        fadd f2, f2, f1
        add  r3, r3, 1
        jlt  r3, r0, turn
out:    add  r9, r9, r3
        add  r2, r2, 1
        jlt  r2, r0, point
        add  r1, r1, 1
        jlt  r1, r0, row
        halt r9

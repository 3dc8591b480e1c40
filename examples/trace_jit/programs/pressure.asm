; More live values than a machine has registers: 30 integers and 32 floats are carried from turn to turn.
.memory 8
        mov  r0, 1
        mov  r1, 2
        mov  r2, 3
        mov  r3, 4
        mov  r4, 5
        mov  r5, 6
        mov  r6, 7
        mov  r7, 8
        mov  r8, 9
        mov  r9, 10
        mov  r10, 11
        mov  r11, 12
        mov  r12, 13
        mov  r13, 14
        mov  r14, 15
        mov  r15, 16
        mov  r16, 17
        mov  r17, 18
        mov  r18, 19
        mov  r19, 20
        mov  r20, 21
        mov  r21, 22
        mov  r22, 23
        mov  r23, 24
        mov  r24, 25
        mov  r25, 26
        mov  r26, 27
        mov  r27, 28
        mov  r28, 29
        mov  r29, 30
        fmov f0, 0.25
        fmov f1, 1.25
        fmov f2, 2.25
        fmov f3, 3.25
        fmov f4, 4.25
        fmov f5, 5.25
        fmov f6, 6.25
        fmov f7, 7.25
        fmov f8, 8.25
        fmov f9, 9.25
        fmov f10, 10.25
        fmov f11, 11.25
        fmov f12, 12.25
        fmov f13, 13.25
        fmov f14, 14.25
        fmov f15, 15.25
        fmov f16, 16.25
        fmov f17, 17.25
        fmov f18, 18.25
        fmov f19, 19.25
        fmov f20, 20.25
        fmov f21, 21.25
        fmov f22, 22.25
        fmov f23, 23.25
        fmov f24, 24.25
        fmov f25, 25.25
        fmov f26, 26.25
        fmov f27, 27.25
        fmov f28, 28.25
        fmov f29, 29.25
        fmov f30, 30.25
        fmov f31, 31.25
        mov  r30, 0
turn:   add  r0, r0, r29
        xor  r1, r1, r0
        sub  r2, r2, r1
        add  r3, r3, r2
        add  r4, r4, r3
        xor  r5, r5, r4
        sub  r6, r6, r5
        add  r7, r7, r6
        add  r8, r8, r7
        xor  r9, r9, r8
        sub  r10, r10, r9
        add  r11, r11, r10
        add  r12, r12, r11
        xor  r13, r13, r12
        sub  r14, r14, r13
        add  r15, r15, r14
        add  r16, r16, r15
        xor  r17, r17, r16
        sub  r18, r18, r17
        add  r19, r19, r18
        add  r20, r20, r19
        xor  r21, r21, r20
        sub  r22, r22, r21
        add  r23, r23, r22
        add  r24, r24, r23
        xor  r25, r25, r24
        sub  r26, r26, r25
        add  r27, r27, r26
        add  r28, r28, r27
        xor  r29, r29, r28
        fmul f0, f31, 0.5
        fadd f1, f0, 1.5
        fmul f1, f1, 0.5
        fadd f2, f1, 2.5
        fmul f2, f2, 0.5
        fadd f3, f3, f2
        fmul f3, f3, 0.25
        fadd f4, f3, 4.5
        fmul f4, f4, 0.5
        fadd f5, f4, 5.5
        fmul f5, f5, 0.5
        fadd f6, f6, f5
        fmul f6, f6, 0.25
        fadd f7, f6, 7.5
        fmul f7, f7, 0.5
        fadd f8, f7, 8.5
        fmul f8, f8, 0.5
        fadd f9, f9, f8
        fmul f9, f9, 0.25
        fadd f10, f9, 10.5
        fmul f10, f10, 0.5
        fadd f11, f10, 11.5
        fmul f11, f11, 0.5
        fadd f12, f12, f11
        fmul f12, f12, 0.25
        fadd f13, f12, 13.5
        fmul f13, f13, 0.5
        fadd f14, f13, 14.5
        fmul f14, f14, 0.5
        fadd f15, f15, f14
        fmul f15, f15, 0.25
        fadd f16, f15, 16.5
        fmul f16, f16, 0.5
        fadd f17, f16, 17.5
        fmul f17, f17, 0.5
        fadd f18, f18, f17
        fmul f18, f18, 0.25
        fadd f19, f18, 19.5
        fmul f19, f19, 0.5
        fadd f20, f19, 20.5
        fmul f20, f20, 0.5
        fadd f21, f21, f20
        fmul f21, f21, 0.25
        fadd f22, f21, 22.5
        fmul f22, f22, 0.5
        fadd f23, f22, 23.5
        fmul f23, f23, 0.5
        fadd f24, f24, f23
        fmul f24, f24, 0.25
        fadd f25, f24, 25.5
        fmul f25, f25, 0.5
        fadd f26, f25, 26.5
        fmul f26, f26, 0.5
        fadd f27, f27, f26
        fmul f27, f27, 0.25
        fadd f28, f27, 28.5
        fmul f28, f28, 0.5
        fadd f29, f28, 29.5
        fmul f29, f29, 0.5
        fadd f30, f30, f29
        fmul f30, f30, 0.25
        fadd f31, f30, 31.5
        fmul f31, f31, 0.5
        mov  r31, r0            ; a rotation
        mov  r0, r7
        mov  r7, r15
        mov  r15, r31
        shl  r1, r1, r2
        add  r1, r1, r3
        shr  r4, r4, r5
        add  r4, r4, r6
        add  r30, r30, 1
        jlt  r30, 200000, turn
        mov  r31, 0
        mul  r31, r31, 31
        add  r31, r31, r0
        mul  r31, r31, 31
        add  r31, r31, r1
        mul  r31, r31, 31
        add  r31, r31, r2
        mul  r31, r31, 31
        add  r31, r31, r3
        mul  r31, r31, 31
        add  r31, r31, r4
        mul  r31, r31, 31
        add  r31, r31, r5
        mul  r31, r31, 31
        add  r31, r31, r6
        mul  r31, r31, 31
        add  r31, r31, r7
        mul  r31, r31, 31
        add  r31, r31, r8
        mul  r31, r31, 31
        add  r31, r31, r9
        mul  r31, r31, 31
        add  r31, r31, r10
        mul  r31, r31, 31
        add  r31, r31, r11
        mul  r31, r31, 31
        add  r31, r31, r12
        mul  r31, r31, 31
        add  r31, r31, r13
        mul  r31, r31, 31
        add  r31, r31, r14
        mul  r31, r31, 31
        add  r31, r31, r15
        mul  r31, r31, 31
        add  r31, r31, r16
        mul  r31, r31, 31
        add  r31, r31, r17
        mul  r31, r31, 31
        add  r31, r31, r18
        mul  r31, r31, 31
        add  r31, r31, r19
        mul  r31, r31, 31
        add  r31, r31, r20
        mul  r31, r31, 31
        add  r31, r31, r21
        mul  r31, r31, 31
        add  r31, r31, r22
        mul  r31, r31, 31
        add  r31, r31, r23
        mul  r31, r31, 31
        add  r31, r31, r24
        mul  r31, r31, 31
        add  r31, r31, r25
        mul  r31, r31, 31
        add  r31, r31, r26
        mul  r31, r31, 31
        add  r31, r31, r27
        mul  r31, r31, 31
        add  r31, r31, r28
        mul  r31, r31, 31
        add  r31, r31, r29
        fst  [0], f0
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f1
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f2
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f3
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f4
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f5
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f6
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f7
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f8
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f9
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f10
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f11
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f12
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f13
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f14
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f15
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f16
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f17
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f18
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f19
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f20
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f21
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f22
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f23
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f24
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f25
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f26
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f27
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f28
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f29
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f30
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        fst  [0], f31
        ld   r30, [0]
        mul  r31, r31, 31
        add  r31, r31, r30
        halt r31

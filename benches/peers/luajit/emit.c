/*
** An x64 emitter in the manner of LuaJIT's, written for this comparison.
**
** It works from the end of the buffer to its start with one pointer that moves down. An opcode is a 32-bit word: its bytes
** at the top, their number at the bottom, stored below the pointer in one go; REX and a displacement's size are chosen by
** branches on the operands; a branch always has its 32-bit form. Room is checked against a red zone once for a group of
** instructions that fits into it (LuaJIT: once an IR instruction). A target at a higher address is a pointer; for pending
** targets LuaJIT has only the loop's own patch, so a list of them is added here, resolved at the end.
**
** The operands come in the shapes of workload.rs. Each function returns the lowest byte, or null if the room ran out.
*/

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t Byte;
typedef uint32_t Op;

enum { LABELS = 256, ROUNDS_A_BLOCK = 3, RED_ZONE = 64 };

struct round {
  uint64_t imm64;
  int32_t sub_imm, cmp_imm, load_disp, store_disp, lea_disp, movsd_disp;
  Byte mov[2], add[2], imul[2], sub, cmp, load[2], store[2], lea[4], imm, shl[2], addsd[2], movsd[2], jne;
};

struct guard {
  int32_t imm;
  Byte reg, label, steady, cond;
};

struct fixup {
  Byte *end;
  uint32_t label;
};

_Static_assert(sizeof(struct round) == 56, "as in workload.rs");
_Static_assert(sizeof(struct guard) == 8, "as in workload.rs");

#define OP1(a) ((Op)(a) << 24 | 1)
#define OP2(a, b) ((Op)(a) << 16 | (Op)(b) << 24 | 2)
#define OP3(a, b, c) ((Op)(a) << 8 | (Op)(b) << 16 | (Op)(c) << 24 | 3)

enum { W = 1, NO_W = 0 };
enum { GROUP1_SUB = 5, GROUP1_CMP = 7, GROUP2_SHL = 4 };
enum { CC_NE = 5 };

#define OP_ADD OP1(0x03)
#define OP_ADDSD OP3(0xf2, 0x0f, 0x58)
#define OP_GROUP1_IMM8 OP1(0x83)
#define OP_GROUP1_IMM32 OP1(0x81)
#define OP_GROUP2_IMM8 OP1(0xc1)
#define OP_IMUL OP2(0x0f, 0xaf)
#define OP_LEA OP1(0x8d)
#define OP_LOAD OP1(0x8b)
#define OP_MOVSD OP3(0xf2, 0x0f, 0x10)
#define OP_MOV_IMM32 OP1(0xc7)
#define OP_STORE OP1(0x89)

#define INLINE static inline __attribute__((always_inline))

INLINE int is_i8(int32_t value) { return value == (int8_t)value; }

INLINE Byte *put4(Byte *p, uint32_t value) {
  p -= 4;
  memcpy(p, &value, 4);
  return p;
}

/* `p` is where ModRM lies. A prefix that belongs to the opcode must stay in front of REX. */
INLINE Byte *put_op(Byte *p, Op op, unsigned w, unsigned reg, unsigned index, unsigned rm) {
  unsigned rex = 0x40 | w << 3 | (reg >> 3) << 2 | (index >> 3) << 1 | rm >> 3;
  memcpy(p - 4, &op, 4);
  p -= op & 0xff;
  if (rex != 0x40) {
    if ((op & 0xff) == 3) {
      p[-1] = p[0];
      p[0] = (Byte)rex;
      p--;
    } else {
      *--p = (Byte)rex;
    }
  }
  return p;
}

INLINE Byte modrm(unsigned mod, unsigned reg, unsigned rm) { return (Byte)(mod << 6 | (reg & 7) << 3 | (rm & 7)); }

INLINE Byte *put_rr(Byte *p, Op op, unsigned w, unsigned reg, unsigned rm) {
  *--p = modrm(3, reg, rm);
  return put_op(p, op, w, reg, 0, rm);
}

/* The displacement, and which of ModRM's modes it takes. */
INLINE Byte *put_disp(Byte *p, unsigned base, int32_t disp, unsigned *mod) {
  if (disp == 0 && (base & 7) != 5) {
    *mod = 0;
  } else if (is_i8(disp)) {
    *mod = 1;
    *--p = (Byte)disp;
  } else {
    *mod = 2;
    p = put4(p, (uint32_t)disp);
  }
  return p;
}

INLINE Byte *put_mem(Byte *p, Op op, unsigned w, unsigned reg, unsigned base, int32_t disp) {
  unsigned mod;
  p = put_disp(p, base, disp, &mod);
  if ((base & 7) == 4)
    *--p = 0x24;
  *--p = modrm(mod, reg, base);
  return put_op(p, op, w, reg, 0, base);
}

INLINE Byte *put_mem_index(Byte *p, Op op, unsigned w, unsigned reg, unsigned base, unsigned index, unsigned scale,
                           int32_t disp) {
  unsigned mod;
  p = put_disp(p, base, disp, &mod);
  *--p = modrm(scale, index, base);
  *--p = modrm(mod, reg, 4);
  return put_op(p, op, w, reg, index, base);
}

INLINE Byte *put_group1(Byte *p, unsigned digit, unsigned reg, int32_t imm) {
  if (is_i8(imm)) {
    *--p = (Byte)imm;
    return put_rr(p, OP_GROUP1_IMM8, W, digit, reg);
  }
  p = put4(p, (uint32_t)imm);
  return put_rr(p, OP_GROUP1_IMM32, W, digit, reg);
}

INLINE Byte *put_shift(Byte *p, unsigned digit, unsigned reg, unsigned count) {
  *--p = (Byte)count;
  return put_rr(p, OP_GROUP2_IMM8, W, digit, reg);
}

INLINE Byte *put_imm64(Byte *p, unsigned reg, uint64_t value) {
  if (value <= UINT32_MAX) {
    p = put4(p, (uint32_t)value);
    *--p = (Byte)(0xb8 | (reg & 7));
    if (reg > 7)
      *--p = 0x41;
  } else if ((uint64_t)(int64_t)(int32_t)value == value) {
    p = put4(p, (uint32_t)value);
    p = put_rr(p, OP_MOV_IMM32, W, 0, reg);
  } else {
    p -= 8;
    memcpy(p, &value, 8);
    *--p = (Byte)(0xb8 | (reg & 7));
    *--p = (Byte)(0x48 | reg >> 3);
  }
  return p;
}

INLINE Byte *put_jcc(Byte *p, unsigned cc, const Byte *target) {
  Byte *end = p;
  p = put4(p, (uint32_t)(target - end));
  *--p = (Byte)(0x80 | cc);
  *--p = 0x0f;
  return p;
}

#define CHECK_ROOM \
  if (p < limit) \
  return NULL

Byte *luajit_a(Byte *bottom, Byte *p, const struct round *rounds, const Byte *tail, size_t tail_length) {
  Byte *limit = bottom + RED_ZONE;
  Byte *labels[LABELS];
  for (const Byte *regs = tail + 2 * tail_length; regs != tail;) {
    regs -= 2;
    CHECK_ROOM;
    p = put_rr(p, OP_LOAD, W, regs[0], regs[1]);
  }
  for (int block = LABELS - 1; block >= 0; block--) {
    labels[block] = p;
    for (int i = ROUNDS_A_BLOCK - 1; i >= 0; i--) {
      const struct round *r = &rounds[block * ROUNDS_A_BLOCK + i];
      CHECK_ROOM;
      p = put_jcc(p, CC_NE, labels[r->jne]);
      p = put_mem(p, OP_MOVSD, NO_W, r->movsd[0], r->movsd[1], r->movsd_disp);
      p = put_rr(p, OP_ADDSD, NO_W, r->addsd[0], r->addsd[1]);
      p = put_shift(p, GROUP2_SHL, r->shl[0], r->shl[1]);
      CHECK_ROOM;
      p = put_imm64(p, r->imm, r->imm64);
      p = put_mem_index(p, OP_LEA, W, r->lea[0], r->lea[1], r->lea[2], r->lea[3], r->lea_disp);
      p = put_mem(p, OP_STORE, W, r->store[1], r->store[0], r->store_disp);
      p = put_mem(p, OP_LOAD, W, r->load[0], r->load[1], r->load_disp);
      CHECK_ROOM;
      p = put_group1(p, GROUP1_CMP, r->cmp, r->cmp_imm);
      p = put_group1(p, GROUP1_SUB, r->sub, r->sub_imm);
      p = put_rr(p, OP_IMUL, W, r->imul[0], r->imul[1]);
      CHECK_ROOM;
      p = put_rr(p, OP_ADD, W, r->add[0], r->add[1]);
      p = put_rr(p, OP_LOAD, W, r->mov[0], r->mov[1]);
    }
  }
  return p;
}

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

/* The constants of workload.rs's `constant_rounds`, backward. */
Byte *luajit_b(Byte *bottom, Byte *p, const struct round *rounds, const Byte *tail, size_t tail_length) {
  Byte *limit = bottom + RED_ZONE;
  Byte *labels[LABELS];
  for (const Byte *regs = tail + 2 * tail_length; regs != tail;) {
    regs -= 2;
    CHECK_ROOM;
    p = put_rr(p, OP_LOAD, W, regs[0], regs[1]);
  }
  for (int block = LABELS - 1; block >= 0; block--) {
    const struct round *r = &rounds[block * ROUNDS_A_BLOCK];
    labels[block] = p;
    CHECK_ROOM;
    p = put_jcc(p, CC_NE, labels[r[2].jne]);
    p = put_mem(p, OP_MOVSD, NO_W, 15, RDI, -128);
    p = put_rr(p, OP_ADDSD, NO_W, 5, 6);
    p = put_shift(p, GROUP2_SHL, RSI, 33);
    CHECK_ROOM;
    p = put_imm64(p, RAX, 0x4000000000000001);
    p = put_mem_index(p, OP_LEA, W, R10, RSP, R9, 0, 0);
    p = put_mem(p, OP_STORE, W, RDX, R11, 0);
    p = put_mem(p, OP_LOAD, W, RBP, R12, 1024);
    CHECK_ROOM;
    p = put_group1(p, GROUP1_CMP, RCX, 7);
    p = put_group1(p, GROUP1_SUB, R9, -300);
    p = put_rr(p, OP_IMUL, W, RAX, RBX);
    CHECK_ROOM;
    p = put_rr(p, OP_ADD, W, R8, RSI);
    p = put_rr(p, OP_LOAD, W, R14, R15);

    CHECK_ROOM;
    p = put_jcc(p, CC_NE, labels[r[1].jne]);
    p = put_mem(p, OP_MOVSD, NO_W, 0, R9, 8000);
    p = put_rr(p, OP_ADDSD, NO_W, 12, 3);
    p = put_shift(p, GROUP2_SHL, RDX, 12);
    CHECK_ROOM;
    p = put_imm64(p, RCX, 0x7fffeeeeddddcccc);
    p = put_mem_index(p, OP_LEA, W, RBX, RBX, RSI, 3, -4096);
    p = put_mem(p, OP_STORE, W, RCX, RAX, 512);
    p = put_mem(p, OP_LOAD, W, R10, R13, 0);
    CHECK_ROOM;
    p = put_group1(p, GROUP1_CMP, RDI, -1);
    p = put_group1(p, GROUP1_SUB, RSP, 4096);
    p = put_rr(p, OP_IMUL, W, R12, R8);
    CHECK_ROOM;
    p = put_rr(p, OP_ADD, W, RAX, RBP);
    p = put_rr(p, OP_LOAD, W, R9, RDX);

    CHECK_ROOM;
    p = put_jcc(p, CC_NE, labels[r[0].jne]);
    p = put_mem(p, OP_MOVSD, NO_W, 2, RSP, 40);
    p = put_rr(p, OP_ADDSD, NO_W, 1, 9);
    p = put_shift(p, GROUP2_SHL, R15, 3);
    CHECK_ROOM;
    p = put_imm64(p, R8, 0x1122334455667788);
    p = put_mem_index(p, OP_LEA, W, R13, R14, RCX, 2, 64);
    p = put_mem(p, OP_STORE, W, R12, RBP, -8);
    p = put_mem(p, OP_LOAD, W, RAX, RBX, 16);
    CHECK_ROOM;
    p = put_group1(p, GROUP1_CMP, R11, 100000);
    p = put_group1(p, GROUP1_SUB, RDX, 24);
    p = put_rr(p, OP_IMUL, W, RSI, RDI);
    CHECK_ROOM;
    p = put_rr(p, OP_ADD, W, RCX, R10);
    p = put_rr(p, OP_LOAD, W, RBX, RAX);
  }
  return p;
}

enum guard_kind { JNE, STEADY, ANY };

/* The condition of a guard's branch. `kind` is a constant where this is inlined. */
INLINE unsigned guard_cc(const struct guard *g, enum guard_kind kind) {
  return kind == JNE ? CC_NE : kind == STEADY ? g->steady : g->cond;
}

INLINE Byte *labels_above(Byte *bottom, Byte *p, const struct guard *guards, size_t length, const struct guard *stubs,
                          enum guard_kind kind) {
  Byte *limit = bottom + RED_ZONE;
  Byte *labels[LABELS];
  for (int i = LABELS - 1; i >= 0; i--) {
    CHECK_ROOM;
    p = put_group1(p, GROUP1_CMP, stubs[i].reg, stubs[i].imm);
    labels[i] = p;
  }
  for (const struct guard *g = guards + length; g != guards;) {
    g--;
    CHECK_ROOM;
    p = put_jcc(p, guard_cc(g, kind), labels[g->label]);
    p = put_group1(p, GROUP1_CMP, g->reg, g->imm);
  }
  return p;
}

/* `fixups` has room for as many as there are guards. */
INLINE Byte *labels_below(Byte *bottom, Byte *p, const struct guard *guards, size_t length, const struct guard *stubs,
                          struct fixup *fixups, enum guard_kind kind) {
  Byte *limit = bottom + RED_ZONE;
  Byte *labels[LABELS];
  struct fixup *next = fixups;
  for (const struct guard *g = guards + length; g != guards;) {
    g--;
    CHECK_ROOM;
    next->end = p;
    next->label = g->label;
    next++;
    p = put_jcc(p, guard_cc(g, kind), p);
    p = put_group1(p, GROUP1_CMP, g->reg, g->imm);
  }
  for (int i = LABELS - 1; i >= 0; i--) {
    CHECK_ROOM;
    p = put_group1(p, GROUP1_CMP, stubs[i].reg, stubs[i].imm);
    labels[i] = p;
  }
  for (const struct fixup *f = fixups; f != next; f++)
    put4(f->end, (uint32_t)(labels[f->label] - f->end));
  return p;
}

#define ABOVE(name, kind) \
  Byte *name(Byte *bottom, Byte *p, const struct guard *guards, size_t length, const struct guard *stubs) { \
    return labels_above(bottom, p, guards, length, stubs, kind); \
  }
#define BELOW(name, kind) \
  Byte *name(Byte *bottom, Byte *p, const struct guard *guards, size_t length, const struct guard *stubs, \
             struct fixup *fixups) { \
    return labels_below(bottom, p, guards, length, stubs, fixups, kind); \
  }

ABOVE(luajit_c, JNE)
BELOW(luajit_d, JNE)
ABOVE(luajit_f, STEADY)
BELOW(luajit_g, STEADY)
ABOVE(luajit_h, ANY)
BELOW(luajit_i, ANY)

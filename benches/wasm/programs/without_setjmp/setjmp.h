// WASI has no setjmp. Nothing here throws, so what Lua would do after an error is to stop.
#define LUAI_THROW(L, c) __builtin_trap()
#define LUAI_TRY(L, c, a) { a }
#define luai_jmpbuf int

// Lua, an interpreter: one large function with a table of branches.
#include "lauxlib.h"
#include "lualib.h"
static const char script[] =
    "local t, words = {}, {} "
    "for i = 1, 60000 do t[i] = (i * 7919) % 10007 end table.sort(t) "
    "for i = 1, 20000 do local w = 'k' .. t[i] % 500; words[w] = (words[w] or 0) + 1 end "
    "local s = 0 for w, n in pairs(words) do s = s + n * #w end "
    "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end "
    "for m in string.gmatch(string.rep('one 2 three 44 ', 2000), '%d+') do s = s + tonumber(m) end "
    "return s + fib(22)";
__attribute__((export_name("run"))) int run(int n) {
    lua_State *lua = luaL_newstate();
    if (!lua) return -1;
    luaL_openlibs(lua);
    if (luaL_dostring(lua, script)) return -2;
    int result = (int)lua_tointeger(lua, -1) + n;
    lua_close(lua);
    return result;
}

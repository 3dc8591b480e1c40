// SQLite, on a database in memory: a large program, most of which does not run.
#include "sqlite3.h"
#include <stdio.h>
static int sum;
static int row(void *unused, int columns, char **values, char **names) {
    for (int i = 0; i < columns; i++)
        for (const char *c = values[i]; c && *c; c++) sum = sum * 31 + *c;
    return 0;
}
static const char *const script[] = {
    "create table t(a integer primary key, b text, c real)",
    "with recursive n(x) as (select 1 union all select x+1 from n where x < 5000)"
    " insert into t select x, printf('row %d', x * 7919 % 10007), x / 3.0 from n",
    "create index i on t(b)",
    "select count(*), sum(a), min(b), max(b) from t",
    "select b, count(*) from t where b like 'row 9%9' group by b order by 2 desc, 1 limit 50",
    "select a, b, round(c, 3) from t where b between 'row 100' and 'row 300' order by b, a",
    "with recursive m(x, y) as (select 1, 1 union all select x+1, y*3%1000003 from m where x < 50000)"
    " select sum(y) from m",
    "delete from t where a % 5 = 0",
    "select count(*) from t",
};
__attribute__((export_name("run"))) int run(int n) {
    sqlite3 *db;
    sum = n;
    if (sqlite3_open(":memory:", &db)) return -1;
    for (unsigned i = 0; i < sizeof script / sizeof *script; i++)
        if (sqlite3_exec(db, script[i], row, 0, 0)) return -2;
    sqlite3_close(db);
    return sum;
}

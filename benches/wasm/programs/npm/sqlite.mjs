import initSqlJs from "sql.js";

const SQL = await initSqlJs();
const db = new SQL.Database();
db.run(`create table t(a integer primary key, b text, c real);
  with recursive n(x) as (select 1 union all select x+1 from n where x < 20000)
    insert into t select x, printf('row %d', x * 7919 % 10007), x / 3.0 from n;
  create index i on t(b);
  create table u as select a, substr(b, 5, 2) as g, c * c as d from t`);
const rows = db.exec(`select count(*), sum(a), min(b), max(b), round(avg(c), 3) from t;
  select g, count(*), round(sum(d), 1) from u group by g order by 3 desc limit 10;
  select x.b, count(*) from t x join t y on x.b = y.b where x.b like 'row 9%9' group by x.b order by 2, 1 limit 10`);
console.log(JSON.stringify(rows).length);

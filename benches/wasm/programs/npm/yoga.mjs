import Yoga from "yoga-layout";

const root = Yoga.Node.create();
root.setWidth(800);
root.setFlexWrap(Yoga.WRAP_WRAP);
root.setFlexDirection(Yoga.FLEX_DIRECTION_ROW);
for (let i = 0; i < 40; i++) {
  const row = Yoga.Node.create();
  row.setFlexGrow(i % 3);
  row.setMargin(Yoga.EDGE_ALL, i % 5);
  for (let j = 0; j < 8; j++) {
    const cell = Yoga.Node.create();
    cell.setWidth(10 + ((i * j) % 17));
    cell.setHeight(5 + (j % 4));
    cell.setFlexShrink(j % 2);
    row.insertChild(cell, j);
  }
  root.insertChild(row, i);
}
root.calculateLayout(undefined, undefined, Yoga.DIRECTION_LTR);
console.log(root.getComputedHeight());

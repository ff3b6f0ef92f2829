// Searching and sorting the table of students; the page works without it.
"use strict";
const table = document.getElementById("students"), body = table.tBodies[0], rows = Array.from(body.rows);
const words = rows.map(row => row.cells[0].textContent.toLowerCase());
const box = document.getElementById("search"), count = document.getElementById("count");
box.closest("p").hidden = false;
box.addEventListener("input", () => {
  const asked = box.value.trim().toLowerCase();
  let shown = 0;
  rows.forEach((row, index) => { row.hidden = !words[index].includes(asked); shown += !row.hidden; });
  count.textContent = `${shown} of ${rows.length}`;
});
Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
  const button = head.querySelector("button");
  button.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") !== (column ? "descending" : "ascending");
    const keyed = rows.map(row => [column ? Number(row.cells[column].dataset.sort) : row.cells[0].textContent, row]);
    const order = column ? (a, b) => b[0] - a[0] : (a, b) => a[0].localeCompare(b[0]);
    keyed.sort((a, b) => down ? order(a, b) : order(b, a));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down === Boolean(column) ? "descending" : "ascending");
    body.append(...keyed.map(pair => pair[1]));
  });
});

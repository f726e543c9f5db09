"use strict";
(() => {
  const table = document.querySelector("table.sortable");
  if (!table) return;
  const headers = [...table.querySelectorAll("thead th")], body = table.tBodies[0];
  document.documentElement.classList.add("js");

  function compare(first, second) {
    const numbers = [Number(first), Number(second)];
    if (numbers.some(Number.isNaN)) {
      return first.localeCompare(second, undefined, { numeric: true });
    }
    return numbers[0] - numbers[1];
  }

  function sortBy(column) {
    const ascending = headers[column].getAttribute("aria-sort") !== "ascending";
    headers.forEach((header) => header.removeAttribute("aria-sort"));
    headers[column].setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const value = (row) => row.cells[column].dataset.value;
    const rows = [...body.rows].sort((a, b) => compare(value(a), value(b)));
    body.append(...(ascending ? rows : rows.reverse()));
  }

  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.addEventListener("click", () => sortBy(column));
    header.replaceChildren(button);
  });
})();

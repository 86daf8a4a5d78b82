/**
 * One cell: its text, and how it looks.
 *
 * @typedef {object} Cell
 * @property {string} text shown as it is, whatever is in it.
 * @property {'good' | 'warn' | 'bad' | 'idle'} [level] a dot before it.
 */

/**
 * @typedef {object} Row
 * @property {string} [kind] a class.
 * @property {(Cell | string)[]} cells
 */

/** A table whose cells change while its rows stay, so that text in it can be selected. */
export class Table {
  #body = document.createElement('tbody');
  #columns;
  #names;

  /**
   * @param {Element} table
   * @param {string[]} columns
   * @param {number[]} names columns that hold words, not numbers.
   */
  constructor(table, columns, names) {
    this.#columns = columns;
    this.#names = names;
    const head = document.createElement('tr');
    for (const [index, column] of columns.entries()) {
      const cell = document.createElement('th');
      cell.scope = 'col';
      cell.textContent = column;
      if (names.includes(index)) cell.className = 'name';
      head.append(cell);
    }
    const heads = document.createElement('thead');
    heads.append(head);
    table.replaceChildren(heads, this.#body);
  }

  /** @param {Row[]} rows @param {string} none what it says when there is no row. */
  show(rows, none) {
    if (rows.length === 0) {
      const cell = document.createElement('td');
      cell.className = 'none';
      cell.colSpan = this.#columns.length;
      cell.textContent = none;
      const row = document.createElement('tr');
      row.append(cell);
      this.#body.replaceChildren(row);
      return;
    }
    if (this.#body.querySelector('.none') !== null) this.#body.replaceChildren();
    while (this.#body.rows.length > rows.length) this.#body.deleteRow(-1);
    while (this.#body.rows.length < rows.length) this.#body.append(this.#newRow());
    for (const [index, { kind, cells }] of rows.entries()) {
      const row = this.#body.rows[index];
      if (row === undefined) continue;
      row.className = kind ?? '';
      for (const [column, cell] of cells.entries()) {
        const shown = typeof cell === 'string' ? { text: cell } : cell;
        const element = row.cells[column];
        if (element === undefined) continue;
        if (element.textContent !== shown.text) element.textContent = shown.text;
        element.classList.toggle('dot', shown.level !== undefined);
        if (shown.level === undefined) delete element.dataset.level;
        else element.dataset.level = shown.level;
      }
    }
  }

  #newRow() {
    const row = document.createElement('tr');
    for (const [index, column] of this.#columns.entries()) {
      const cell = row.insertCell();
      cell.dataset.label = column;
      if (this.#names.includes(index)) cell.className = 'name';
    }
    return row;
  }
}

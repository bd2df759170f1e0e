"""Write docs/reference/faults.md: `make faults`, or `python -m tests.simulation.matrix`."""

from tests.simulation.matrix.cell import every_cell
from tests.simulation.matrix.page import PAGE, page

if __name__ == "__main__":
    PAGE.write_text(page(every_cell()), encoding="utf-8")

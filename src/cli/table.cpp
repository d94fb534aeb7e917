#include "cli/table.hpp"

#include <algorithm>
#include <ostream>

namespace slipway::cli {

void Table::add(std::vector<Cell> row) {
  for (Cell& cell : row) cell.text = cell.text.empty() ? "-" : safe(cell.text);
  rows_.push_back(std::move(row));
}

void Table::print(std::ostream& out, bool colours) const {
  std::vector<std::size_t> widths;
  for (const auto& head : heads_) widths.push_back(display_width(head));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i].text));
  }
  const auto line = [&](const std::vector<Cell>& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const bool last = i + 1 == cells.size();
      const std::string text = last ? cells[i].text : padded(cells[i].text, widths[i]);
      out << painted(text, cells[i].colour, colours) << (last ? "\n" : "  ");
    }
  };
  std::vector<Cell> heads;
  for (const auto& head : heads_) heads.push_back({head, Colour::bold});
  line(heads);
  for (const auto& row : rows_) line(row);
}

void Facts::add(std::string name, std::string value, Colour colour) {
  if (!value.empty()) facts_.push_back({std::move(name), {safe(value), colour}});
}

void Facts::print(std::ostream& out, bool colours) const {
  std::size_t width = 0;
  for (const auto& fact : facts_) width = std::max(width, display_width(fact.name));
  for (const auto& fact : facts_) {
    out << painted(padded(fact.name, width), Colour::dim, colours) << "  "
        << painted(fact.value.text, fact.value.colour, colours) << "\n";
  }
}

}  // namespace slipway::cli

#pragma once
#include <iosfwd>
#include <string>
#include <vector>

#include "cli/text.hpp"

namespace slipway::cli {

// What a server said, on its way to a terminal; made safe when it is put into a table.
struct Cell {
  std::string text;
  Colour colour = Colour::none;
};

// Rows under heads, in columns as wide as their widest cell. Empty cells show as "-".
class Table {
 public:
  explicit Table(std::vector<std::string> heads) : heads_(std::move(heads)) {}
  void add(std::vector<Cell> row);
  void print(std::ostream& out, bool colours) const;

 private:
  std::vector<std::string> heads_;
  std::vector<std::vector<Cell>> rows_;
};

// "name   value" lines; those with an empty value are left out.
class Facts {
 public:
  void add(std::string name, std::string value, Colour colour = Colour::none);
  void print(std::ostream& out, bool colours) const;

 private:
  struct Fact {
    std::string name;
    Cell value;
  };
  std::vector<Fact> facts_;
};

}  // namespace slipway::cli

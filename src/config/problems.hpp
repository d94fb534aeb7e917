#pragma once
#include <string>
#include <vector>

#include "config/yaml.hpp"

namespace slipway::config {

// What is wrong with a file, gathered so that everything can be said at once.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  void add(Position at, std::string key, std::string why);
  // Throws Error(invalid) with all of it, in the file's order, if there is any.
  void throw_if_any() const;

 private:
  struct Problem {
    Position at;
    std::string key;
    std::string why;
  };
  std::string file_;
  std::vector<Problem> problems_;
};

}  // namespace slipway::config

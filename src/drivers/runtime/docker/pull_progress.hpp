#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "drivers/runtime/docker/json_lines.hpp"

namespace slipway::docker {

// Follows the JSON lines of a pull. Fed with the stream, in any pieces, it can say how far it is.
class PullProgress {
 public:
  explicit PullProgress(std::string image) : image_(std::move(image)) {}

  void feed(std::string_view chunk);
  void finish();

  // "pulling shop:1.4: 3 of 7 layers, 41 of 96 MB"
  std::string words() const;
  // What an error line said; empty: none came.
  const std::string& error() const { return error_; }

 private:
  struct Layer {
    std::uint64_t current = 0;
    std::uint64_t total = 0;
    bool done = false;
  };
  void line(const boost::json::object& object);

  std::string image_;
  JsonLines lines_;
  std::string error_;
  std::map<std::string, Layer> layers_;
};

}  // namespace slipway::docker

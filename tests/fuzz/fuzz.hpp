#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

// What the fuzz targets share. A target takes bytes from the fuzzer and says what must hold whatever they are.
namespace slipway::fuzz {

// Ends the program, and so the fuzzer, where a promise is broken.
inline void require(bool holds, std::string_view promise, std::string_view seen = {}) {
  if (holds) return;
  std::fprintf(stderr, "BROKEN PROMISE: %.*s\n%.*s\n", static_cast<int>(promise.size()), promise.data(),
               static_cast<int>(seen.size()), seen.data());
  std::abort();
}

// Runs what may refuse its input: any exception but Error goes up, and ends the fuzzer. True where it was taken.
template <class F>
bool accepts(F&& f) {
  try {
    f();
    return true;
  } catch (const Error& error) {
    require(!error.message().empty(), "an error says what is wrong");
    require(!has_control_characters(error.message()), "an error is one line of valid UTF-8 without control characters",
            error.message());
    return false;
  }
}

// Takes the input apart: lines of text, and at the end the rest as it is.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::string line() { return until('\n'); }
  // A seed stays readable where fields that may hold line breaks are parted by this character.
  std::string field() { return until('\x1e'); }
  std::string_view rest() const { return rest_; }

 private:
  std::string until(char end) {
    const auto at = rest_.find(end);
    std::string part(rest_.substr(0, at));
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + 1);
    return part;
  }
  std::string_view rest_;
};

// The text in pieces whose sizes follow from `seed`, as a network might deliver it.
inline std::vector<std::string_view> pieces_of(std::string_view text, std::uint8_t seed) {
  std::vector<std::string_view> pieces;
  std::size_t step = seed % 7 + 1;
  while (!text.empty()) {
    pieces.push_back(text.substr(0, step));
    text.remove_prefix(std::min(step, text.size()));
    step = step * 5 % 31 + 1;
  }
  return pieces;
}

}  // namespace slipway::fuzz

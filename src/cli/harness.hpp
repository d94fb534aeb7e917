#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/context.hpp"
#include "tests/imposter/imposter.hpp"

// For tests of the commands: the real command line against an imposter of the server.
namespace slipway::cli::test {

// Goes on by `step` each time that it is asked.
class SteppingClock : public Clock {
 public:
  TimePoint now() const override { return now_ += step; }
  Millis step{0};

 private:
  mutable TimePoint now_ = *parse_rfc3339("2026-11-23T15:42:00.000Z");
};

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

class CommandTest : public ::testing::Test {
 protected:
  // Runs "slipway ARGS…" and says what came of it.
  Outcome slipway(const std::vector<std::string>& args);

  // What a route answers: JSON, or a problem with its status.
  void answer(const std::string& route, const std::string& json, int status = 200);
  // One answer after the other; the last one stays.
  void answers(const std::string& route, std::vector<std::string> jsons);

  slipway::test::Imposter server;
  SteppingClock clock;
  std::string input;
  bool terminal = false;
  bool colours = false;
  std::stop_source stop;
};

constexpr const char* acme_id = "t_01jdd2x8k40a1b2c3d4e";

// The tenant "acme" as the API shows it.
std::string acme(const std::string& status, const std::string& more = "");

}  // namespace slipway::cli::test

#pragma once
#include <map>
#include <mutex>

#include "aws/client.hpp"
#include "aws/surroundings.hpp"
#include "tests/fakes/manual_clock.hpp"
#include "tests/imposter/imposter.hpp"

namespace slipway::aws::test {

// An environment and files made up by a test.
struct MadeUp {
  std::map<std::string, std::string> variables{{"AWS_EC2_METADATA_DISABLED", "true"}};
  std::map<std::string, std::string> files;

  Surroundings around(std::string profile = "") const {
    const auto look_up = [](const std::map<std::string, std::string>& in) {
      return [&in](const std::string& name) -> std::optional<std::string> {
        const auto found = in.find(name);
        if (found == in.end()) return std::nullopt;
        return found->second;
      };
    };
    return {look_up(variables), look_up(files), "/home/u", std::move(profile)};
  }
};

// A client of one imposter: the clock stands still, and waits are noted instead of slept.
struct World {
  explicit World(const Service& which = services::ecs) : service(which) {}

  Session session() {
    Session made{"eu-central-1", credentials, clock, random,
                 [this](const std::string&) { return imposter.base_url(); }};
    made.sleep = [this](Millis time) { waits.push_back(time); };
    return made;
  }
  Client client() { return Client(session(), service); }

  Service service;
  slipway::test::Imposter imposter;
  slipway::test::ManualClock clock;
  SeededRandom random{7};
  StaticCredentials credentials{{"AKID", Secret("the-secret-key"), Secret("the-session-token"), std::nullopt}};
  std::vector<Millis> waits;
};

}  // namespace slipway::aws::test

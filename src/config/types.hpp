#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/config.hpp"

// The types of the values of slipway.yaml.
namespace slipway::config {

enum class Form { text, templated, secret, path, pattern, choice, whole, decimal, flag };

// What a type is called, and what a JSON schema can tell of its values.
struct Kind {
  std::string name;  // in the reference: "duration"
  Form form = Form::text;
  std::string pattern;               // of Form::pattern: a regular expression that every value matches
  std::vector<std::string> choices;  // of Form::choice
  double least = 0;                  // of numbers
  double most = 0;
  bool list = false;
  bool late = false;       // kept as it is written: its ${NAME} are replaced when it is used
  bool free_text = false;  // what a variable puts here may be a secret: shown as it is written, with ${NAME}
};

using Value = std::variant<bool, std::uint64_t, double, Millis, std::string, Secret, Config::PortRange, Config::Listen,
                           api::AddressRange>;

// `parse` throws Error(invalid) whose message goes on after the value: "is not a port: 1 to 65535". It never repeats
// the value, which may be a secret; what does repeat a part of it is the error's first field, and is shown only if the
// value itself may be.
struct Type {
  Kind kind;
  std::function<Value(std::string_view)> parse;
};

Type flag();
Type whole(std::uint64_t least, std::uint64_t most);
Type decimal(double least, double most);
Type duration(Millis longest = std::chrono::hours(366 * 24));  // "500ms", "30s", "5m", "1h", "2d"; longer than 0
Type bytes();        // "512B", "256MiB", "1GiB"; K, M, G and T are the same powers of 1024
Type memory();       // at least what Docker takes
Type volume_size();  // of EBS: whole GiB
Type log_days();     // as CloudWatch takes them
Type port();         // 1 to 65535
Type port_range();
Type listen();  // "127.0.0.1:8080", "[::1]:8080"; port 0 takes any free one

Type text();      // UTF-8, 1 to 255 bytes, no control characters
Type argument();  // of a command: anything without a zero byte
Type name();      // what Docker and paths take: [a-z0-9][a-z0-9_-]{0,62}
Type plan_name();
Type variable_name();
Type env_template();  // only names that are known
Type image();
Type health_path();
Type mount_path();
Type capability();
Type ipv4();           // or empty
Type ipv4_or_auto();   // "auto" is empty
Type address_range();  // "127.0.0.1", "10.0.0.0/8"
Type subnet();         // "172.30.0.0/16"
Type host();           // a name or an address
Type origin();         // "https://shop.example", or "*"
Type http_url();
Type docker_host();   // unix, tcp, http or https
Type mail_address();  // ann@example.com
Type mailbox();       // "Shop <hello@shop.example>" or a bare address
Type subdomain();     // lower-cased
Type stack_name();    // of CloudFormation
Type path();          // `parse` gets it absolute, and empty for none
Type secret();        // one line
Type database_url();

Type list(Type item);

// One of these words, each of which stands for a number: a value of an enum.
Type choice_of(std::vector<std::pair<std::string, std::uint64_t>> choices);
template <class E>
Type choice(const std::vector<std::pair<std::string, E>>& choices) {
  std::vector<std::pair<std::string, std::uint64_t>> numbers;
  for (const auto& [word, value] : choices) numbers.emplace_back(word, static_cast<std::uint64_t>(value));
  return choice_of(std::move(numbers));
}
Type one_of(const std::vector<std::string>& words);  // as text

}  // namespace slipway::config

#pragma once
#include <string>
#include <vector>

#include "aws/client.hpp"
#include "base/secret.hpp"

// Secrets in SSM's parameter store.
namespace slipway::ecs {

class Parameters {
 public:
  explicit Parameters(aws::Client& ssm) : ssm_(ssm) {}

  // A SecureString, new or in place of the old value.
  void put(const std::string& name, const Secret& value);
  // Names of everything below a path. Nothing's value is read.
  std::vector<std::string> below(const std::string& path);
  // Not there is success.
  void remove(const std::vector<std::string>& names);

 private:
  aws::Client& ssm_;
};

}  // namespace slipway::ecs

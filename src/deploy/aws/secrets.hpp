#pragma once
#include <map>
#include <optional>
#include <string>

#include "aws/client.hpp"

namespace slipway::deploy {

// SecureStrings in SSM, which CloudFormation cannot make. Each is encrypted with the account's own key for SSM.
class Secrets {
 public:
  using Given = std::map<std::string, Secret>;

  Secrets(aws::Client& ssm, std::string prefix) : ssm_(ssm), prefix_(std::move(prefix)) {}

  std::optional<Secret> find(const std::string& name);
  // False where there is one by that name, which stays as it is.
  bool add(const std::string& name, const Secret& value);
  // True where it was another one before.
  bool set(const std::string& name, const Secret& value);
  // Everything below the prefix, tenants' too. Returns how many there were.
  std::size_t remove_all();

  std::string name_of(const std::string& name) const { return prefix_ + "/" + name; }

 private:
  void put(const std::string& name, const Secret& value, bool overwrite);

  aws::Client& ssm_;
  const std::string prefix_;  // "/slipway/shop"
};

}  // namespace slipway::deploy

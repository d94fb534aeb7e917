#pragma once
#include <map>
#include <string>

#include "aws/surroundings.hpp"

namespace slipway::aws {

using Settings = std::map<std::string, std::string, std::less<>>;  // keys in lower case

// AWS's shared files, config and credentials, read together: what stands in both comes from the credentials file.
class Profiles {
 public:
  // Throws invalid, naming file and line, for a line that is none of AWS's.
  explicit Profiles(const Surroundings& around);

  // The profile in use, whether it exists or not.
  const std::string& chosen() const { return chosen_; }
  const Settings* profile(std::string_view name) const;
  // Where it was looked: "~/.aws/config and ~/.aws/credentials".
  const std::string& places() const { return places_; }

 private:
  void read(const Surroundings& around, const std::string& path, bool is_config);

  std::map<std::string, Settings, std::less<>> profiles_;
  std::string chosen_;
  std::string places_;
};

}  // namespace slipway::aws

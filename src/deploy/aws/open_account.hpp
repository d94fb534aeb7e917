#pragma once
#include <functional>
#include <optional>
#include <string>

#include "aws/client.hpp"
#include "aws/credential_chain.hpp"

namespace slipway::deploy {

// Where the region, the credentials and the endpoints of a command come from: AWS's usual places.
class OwnSession {
 public:
  using Env = std::function<std::optional<std::string>(const std::string& name)>;
  // An empty region is looked for where AWS's own tools look. Throws invalid where there is none.
  OwnSession(const Env& env, std::string region, const Clock& clock, Random& random);

  const aws::Session& session() const { return session_; }

 private:
  aws::Surroundings around_;
  aws::CredentialChain credentials_;
  aws::Session session_;
};

}  // namespace slipway::deploy

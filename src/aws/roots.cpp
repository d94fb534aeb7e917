#include "aws/roots.hpp"

#include "amazon_roots.embedded.hpp"

namespace slipway::aws {

std::string amazon_roots() {
  std::string pem;
  for (const auto& [name, text] : embedded::amazon_roots()) pem.append(text).append("\n");
  return pem;
}

}  // namespace slipway::aws

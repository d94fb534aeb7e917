#include "config/reference.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "config/keys.hpp"

namespace slipway {
namespace {

TEST(ConfigurationReference, HasTheTableOfKeysAsItIs) {
  std::ifstream in("docs/reference/configuration.md", std::ios::binary);
  const std::string page(std::istreambuf_iterator<char>(in), {});
  EXPECT_TRUE(page == config_reference()) << "mend it with: slipway config reference > docs/reference/configuration.md";
  for (const config::Key& key : config::keys()) {
    EXPECT_THAT(page, testing::HasSubstr(fmt::format("\n| `{}` |", key.path))) << "its section needs a table";
  }
}

}  // namespace
}  // namespace slipway

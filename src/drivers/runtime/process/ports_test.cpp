#include "drivers/runtime/process/ports.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace slipway::process {
namespace {

TEST(Ports, a_port_is_free_until_somebody_listens_on_any_address) {
  const Port port = choose_port();
  EXPECT_TRUE(is_free(port));
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port.value());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  EXPECT_FALSE(is_free(port));
  close(listener);
  EXPECT_TRUE(is_free(port));
}

}  // namespace
}  // namespace slipway::process

#include "drivers/database/postgres/server_error.hpp"

#include <gtest/gtest.h>

namespace slipway::postgres {
namespace {

TEST(ServerError, WhatPassesByItselfIsUnavailable) {
  for (const char* code : {"57P03", "53300", "40001", "55006", "08006", "57014", "25006"}) {
    EXPECT_EQ(kind_of_statement({code, "…"}), ErrorKind::unavailable) << code;
  }
  EXPECT_EQ(kind_of_statement({"XX000", "tuple concurrently updated"}), ErrorKind::unavailable);
}

TEST(ServerError, WhatDoesNotPassSaysWhy) {
  EXPECT_EQ(kind_of_statement({"42501", "permission denied"}), ErrorKind::forbidden);
  EXPECT_EQ(kind_of_statement({"2BP01", "objects depend on it"}), ErrorKind::conflict);
  EXPECT_EQ(kind_of_statement({"42601", "syntax error"}), ErrorKind::internal);
  EXPECT_EQ(kind_of_statement({"XX000", "cache lookup failed"}), ErrorKind::internal);
}

TEST(ServerError, TakesAFailedConnectionApart) {
  const ServerError error = parse_connect_error(
      "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  28P01: password authentication failed for user "
      "\"x\"\nLOCATION:  auth_failed, auth.c:335\n");
  EXPECT_EQ(error.sqlstate, "28P01");
  EXPECT_EQ(error.text,
            "connection to server at \"127.0.0.1\", port 5432 failed: FATAL: password authentication failed for user "
            "\"x\"");
  EXPECT_EQ(kind_of_connect(error), ErrorKind::forbidden);
}

TEST(ServerError, AServerThatIsNotThereHasNoCode) {
  const ServerError error = parse_connect_error(
      "connection to server at \"127.0.0.1\", port 1 failed: Connection refused\n"
      "\tIs the server running on that host and accepting TCP/IP connections?\n");
  EXPECT_EQ(error.sqlstate, "");
  EXPECT_NE(error.text.find("Connection refused; Is the server running"), std::string::npos) << error.text;
  EXPECT_EQ(kind_of_connect(error), ErrorKind::unavailable);
}

}  // namespace
}  // namespace slipway::postgres

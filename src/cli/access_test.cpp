#include <gmock/gmock.h>

#include "cli/exit_code.hpp"
#include "cli/harness.hpp"

namespace slipway::cli::test {
namespace {

using testing::HasSubstr;
using Access = CommandTest;

TEST_F(Access, ANewKeyIsAloneOnTheOutput) {
  answer("POST /v1/keys", R"({"id":"k_1","name":"our site","scope":"signup","createdAt":"2026-11-23T15:42:00.000Z",)"
                          R"("revokedAt":null,"key":"sk_abc"})");
  const Outcome outcome = slipway({"keys", "create", "our site"});
  EXPECT_EQ(outcome.code, exit_ok) << outcome.err;
  EXPECT_EQ(outcome.out, "sk_abc\n");
  EXPECT_THAT(outcome.err, HasSubstr("our site (k_1), scope signup"));
  EXPECT_EQ(server.requests().front().body, R"({"name":"our site","scope":"signup"})");
}

TEST_F(Access, KeysAreListedAndRevoked) {
  answer("GET /v1/keys",
         R"({"keys":[{"id":"k_1","name":"site","scope":"signup","createdAt":"2026-11-23T15:42:00.000Z",)"
         R"("revokedAt":"2026-11-23T16:00:00.000Z"},{"id":"k_2","name":"me","scope":"admin",)"
         R"("createdAt":"2026-11-23T15:43:00.000Z","revokedAt":null}]})");
  EXPECT_EQ(slipway({"keys", "ls"}).out,
            "ID   NAME  SCOPE   CREATED               STATE\n"
            "k_1  site  signup  2026-11-23 15:42:00Z  revoked 2026-11-23 16:00:00Z\n"
            "k_2  me    admin   2026-11-23 15:43:00Z  valid\n");
  answer("DELETE /v1/keys/k_2", "{}");
  EXPECT_EQ(slipway({"keys", "revoke", "k_2"}).out, "k_2 is revoked\n");
}

TEST_F(Access, KeysAloneSaysWhatThereIs) {
  const Outcome outcome = slipway({"keys"});
  EXPECT_EQ(outcome.code, exit_usage);
  EXPECT_THAT(slipway({"keys", "--help"}).out,
              testing::AllOf(HasSubstr("create"), HasSubstr("ls"), HasSubstr("revoke")));
}

TEST_F(Access, TheTrailIsATableOfTheNewest) {
  answers("GET /v1/audit",
          {R"({"entries":[{"seq":7,"at":"2026-11-23T15:42:00.000Z","actor":"k_1","action":"POST /provision",)"
           R"("target":"t_1","from":"203.0.113.7","requestId":"r_1"}],"last":7})",
           R"({"entries":[],"last":7})"});
  EXPECT_EQ(slipway({"audit"}).out,
            "AT                    WHO  FROM         WHAT             TARGET\n"
            "2026-11-23 15:42:00Z  k_1  203.0.113.7  POST /provision  t_1\n");
}

}  // namespace
}  // namespace slipway::cli::test

// The small values: ids, times, secrets, back-off, digests.
#include <gmock/gmock.h>

#include <set>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/crypto.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/secret.hpp"
#include "base/unique_numbers.hpp"

namespace slipway {
namespace {

TEST(UniqueNumbers, NoneComesTwice) {
  UniqueNumbers numbers(7);
  std::set<std::uint64_t> seen, low_halves;
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t number = numbers.next();
    seen.insert(number);
    low_halves.insert(number & ((std::uint64_t{1} << 50) - 1));  // what an id takes of it
  }
  EXPECT_EQ(seen.size(), 10'000u);
  EXPECT_EQ(low_halves.size(), 10'000u);
}

TEST(Id, SortsByTimeAndHasTheRightForm) {
  SeededRandom random(1);
  const std::string early = new_id("t_", TimePoint(Millis(1'000)), random);
  const std::string late = new_id("t_", TimePoint(Millis(1'001)), random);
  EXPECT_LT(early, late);
  EXPECT_THAT(early, testing::MatchesRegex("t_[0-9a-hjkmnp-tv-z]+"));
  EXPECT_EQ(early.size(), 22u);
}

TEST(Clock, WritesAndReadsRfc3339) {
  const TimePoint t(Millis(1'795'448'520'123));
  EXPECT_EQ(to_rfc3339(t), "2026-11-23T15:42:00.123Z");
  EXPECT_EQ(parse_rfc3339("2026-11-23T15:42:00.123Z"), t);
  for (const char* same : {"2026-11-23T15:42:00.123456Z", "2026-11-23T17:12:00.123+01:30",
                           "2026-11-23T13:42:00.123-02:00", "2026-11-23T15:42:00.123UTC"}) {
    EXPECT_EQ(parse_rfc3339(same), t) << same;
  }
  EXPECT_EQ(parse_rfc3339("2026-11-23T15:42:00Z"), t - Millis(123));
  EXPECT_EQ(parse_rfc3339("2026-11-23T15:42:00.1Z"), t - Millis(23));
  for (const char* bad :
       {"", "2026-13-01T00:00:00.000Z", "2026-11-23", "2026-11-23T15:42:00.123Zx", "2026-11-23T15:42:00",
        "2026-11-23T15:42:00+1", "2026-11-23T15:42:00.Z", "2026-11-23T15:42:00x01:00"}) {
    EXPECT_EQ(parse_rfc3339(bad), std::nullopt) << bad;
  }
}

TEST(Clock, SaysDurationsForPeople) {
  EXPECT_EQ(human(Millis(85)), "85 ms");
  EXPECT_EQ(human(Millis(1'234)), "1.2 s");
  EXPECT_EQ(human(Millis(185'000)), "3 min 5 s");
}

TEST(Secret, IsMaskedInTextFromElsewhere) {
  EXPECT_EQ(masked("password=hunter2 and hunter2", Secret("hunter2")), "password=*** and ***");
  EXPECT_EQ(masked("nothing", Secret()), "nothing");
}

TEST(Secret, LeavesItsOldHome) {
  Secret from("abc");
  const Secret to = std::move(from);
  EXPECT_EQ(to.reveal(), "abc");
  EXPECT_TRUE(from.empty());
}

TEST(Backoff, GrowsToItsCapAndIsJittered) {
  const Backoff backoff{Millis(100), Millis(1'000)};
  EXPECT_EQ(backoff.ceiling(0), Millis(100));
  EXPECT_EQ(backoff.ceiling(3), Millis(800));
  EXPECT_EQ(backoff.ceiling(60), Millis(1'000));
  SeededRandom random(7);
  std::set<Millis> seen;
  for (int i = 0; i < 100; ++i) {
    const Millis wait = backoff.wait(2, random);
    EXPECT_GE(wait, Millis(0));
    EXPECT_LE(wait, Millis(400));
    seen.insert(wait);
  }
  EXPECT_GT(seen.size(), 30u);
}

TEST(Error, CarriesContextOutermostFirst) {
  try {
    with_context("start container", [] { throw Error(ErrorKind::not_found, "docker: no such image"); });
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "start container: docker: no such image");
    EXPECT_FALSE(e.retryable());
  }
}

TEST(Crypto, AgreesWithPublishedVectors) {
  // FIPS 180-4 and RFC 4231 (test case 2).
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(hmac_sha256(Secret("Jefe"), "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(Secret(""), "")), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
  EXPECT_EQ(
      to_hex(hmac_sha256(Secret(std::string(131, '\xaa')), "Test Using Larger Than Block-Size Key - Hash Key First")),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
      << "RFC 4231, test case 6";
  EXPECT_EQ(to_base64("ab"), "YWI=");
  EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
}

TEST(Json, ErrorsNameTheMemberAndTheSpeaker) {
  const auto value = parse_json(R"({"a": 1, "b": "x", "n": null})", "docker");
  EXPECT_EQ(int_at(value.get_object(), "a"), 1);
  EXPECT_EQ(string_at(value.get_object(), "n", "none"), "none");
  EXPECT_THROW(int_at(value.get_object(), "b"), Error);
  try {
    parse_json("{secret", "docker");
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), testing::StartsWith("docker: the answer is not valid JSON"));
    EXPECT_THAT(e.what(), testing::Not(testing::HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace slipway

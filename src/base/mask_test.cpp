#include "base/mask.hpp"

#include "base/crypto.hpp"

namespace slipway {
namespace {

Mask mask_of(std::string secret) {
  Mask mask;
  mask.add(Secret(std::move(secret)));
  return mask;
}

TEST(Mask, FindsASecretHoweverItIsWritten) {
  const Mask mask = mask_of("sk_live/\"quo'te\" + 100%&é~1");
  for (const char* text : {
           "sk_live/\"quo'te\" + 100%&é~1",
           R"(sk_live/\"quo'te\" + 100%&é~1)",
           R"(sk_live\/\"quo'te\" + 100%\u0026\u00e9~1)",
           R"(sk_live/\\\"quo'te\\\" + 100%\\u0026\\u00E9~1)",
           "sk_live%2F%22quo%27te%22%20%2B%20100%25%26%C3%A9~1",
           "sk_live%2f%22quo'te%22+%2b+100%25%26%c3%a9%7E1",
           "%73k_live/%22quo%27te\" + 100%25&é~1",
           "sk_live%252F%2522quo%2527te%2522%2520%252B%2520100%2525%2526%25C3%25A9~1",
           "sk_live/&quot;quo&#39;te&quot; + 100%&amp;é~1",
           "sk_live/&#34;quo&#x27;te&#34; + 100%&amp;&#xC3;&#xa9;~1",
           R"(sk_live/\x22quo\'te\x22 + 100%&\xc3\xa9~1)",
           R"(sk_live/"quo'\''te" + 100%&\303\251~1)",
           "sk_live/\"quo''te\" + 100%&é~1",
           "sk_live/\"qu\n    o'te\" + 10\r\n0%&é~1",
       }) {
    EXPECT_EQ(mask(std::string("key: <") + text + ">"), "key: <***>") << text;
    EXPECT_EQ(mask(std::string(text) + text), "***") << text;
  }
  EXPECT_EQ(mask("sk_live and 100% of the rest"), "sk_live and 100% of the rest");
}

TEST(Mask, FindsBase64AndHexAlsoWithinALongerText) {
  const std::string secret = "p~ss?>w\xC3\xB6rd-0001";
  const Mask mask = mask_of(secret);
  for (std::size_t before = 0; before < 7; ++before) {
    for (std::size_t after = 0; after < 4; ++after) {
      const std::string text = std::string(before, 'u') + secret + std::string(after, 'x');
      for (const std::string& encoded : {to_base64(text), to_base64url(text)}) {
        const std::string found = mask("Authorization: Basic " + encoded + " sent");
        EXPECT_TRUE(found.starts_with("Authorization: Basic ") && found.ends_with("*** sent")) << found;
        EXPECT_LE(found.size(), std::string("Authorization: Basic *** sent").size() + (before + 2) / 3 * 4) << found;
      }
    }
  }
  const std::string encoded = to_base64(secret);
  EXPECT_EQ(mask("k=" + encoded.substr(0, 9) + "\n" + encoded.substr(9)), "k=***");
  EXPECT_EQ(mask("k=" + encoded.substr(0, 9) + "\\n" + encoded.substr(9)), "k=***");
  EXPECT_EQ(mask(to_hex(secret) + " 7E"), "*** 7E");
}

TEST(Mask, FindsWhatIsLeftOfASecretWhereTextWasCut) {
  const Mask mask = mask_of("sk_live_51Habcdefgh/ijkl");
  EXPECT_EQ(mask("settings: PAYMENT_KEY=sk_live_51Hab"), "settings: PAYMENT_KEY=***");
  EXPECT_EQ(mask("settings: PAYMENT_KEY=sk_live_51Hab… and so on"), "settings: PAYMENT_KEY=***… and so on");
  EXPECT_EQ(mask("settings: PAYMENT_KEY=sk_live_51Hab..."), "settings: PAYMENT_KEY=***...");
  EXPECT_EQ(mask("settings: sk_live_51Habcdefgh%2"), "settings: ***");
  EXPECT_EQ(mask("Habcdefgh/ijkl MODE=x"), "*** MODE=x");
  EXPECT_EQ(mask("…defgh%2Fijkl MODE=x"), "…*** MODE=x");
  EXPECT_EQ(mask(to_base64("sk_live_51Habcdefgh/ijkl").substr(0, 20)), "***");
}

TEST(Mask, TakesASecretOfSeveralLinesLineByLine) {
  const Mask mask = mask_of("-----BEGIN KEY-----\r\nMIIEvQIBADANBgkqhkiG\nAgEAAoIBAQC7\n-----END KEY-----\n");
  EXPECT_EQ(mask("12:00 MIIEvQIBADANBgkqhkiG\n12:01 AgEAAoIBAQC7"), "12:00 ***\n12:01 ***");
  EXPECT_EQ(
      mask(R"({"key":"-----BEGIN KEY-----\r\nMIIEvQIBADANBgkqhkiG\nAgEAAoIBAQC7\n-----END KEY-----\n"})").find("MII"),
      std::string::npos);
  EXPECT_EQ(mask("MIIEvQIBADANBgkqhkiGAgEAAoIBAQC7"), "***");
  EXPECT_EQ(mask_of(R"({"id":"x","key":"MIIEvQIBADAN\nAgEAAoIBAQC7\n"})")("got AgEAAoIBAQC7"), "got ***");
}

TEST(Mask, LooksForThePasswordOfAUrlToo) {
  const Mask mask = mask_of("postgres://shop:p%40ss-w0rd@db.example.com:5432/shop?x=1");
  EXPECT_EQ(mask("auth failed for p@ss-w0rd at db.example.com"), "auth failed for *** at db.example.com");
  EXPECT_EQ(mask("auth failed for p%40ss-w0rd"), "auth failed for ***");
  EXPECT_EQ(mask(to_base64("shop:p@ss-w0rd")).find("cEBzcy13MHJk"), std::string::npos);
}

TEST(Mask, LeavesWordsThatSayNothing) {
  for (const char* word : {"", "a", "abc", "true", "Production", "8080", "65535", "localhost"}) {
    const std::string text = std::string("mode ") + word + " is on";
    EXPECT_EQ(mask_of(word)(text), text) << word;
  }
  EXPECT_EQ(mask_of("123456")("pin 123456"), "pin ***");
  EXPECT_EQ(mask_of("hook")("hook=hook; hooks unhooked re_hook"), "***=***; hooks unhooked re_***");
  EXPECT_EQ(mask_of("s3cr3t!")("redis://:s3cr3t!@cache " + to_base64("s3cr3t!")), "redis://:***@cache ***");
}

TEST(Mask, TakesTheLongestOfSeveral) {
  Mask mask;
  mask.add(Secret("sk_live_1"));
  mask.add(Secret("sk_live_1234567890"));
  EXPECT_EQ(mask("a sk_live_1234567890 b sk_live_1 c"), "a *** b *** c");
  EXPECT_EQ(Mask()("nothing is known"), "nothing is known");
}

}  // namespace
}  // namespace slipway

#pragma once
#include <algorithm>

#include "tests/contract/store_contract_fixture.hpp"

// Objects: what is kept by kind and id.
namespace slipway::test {

inline std::vector<std::string> ids_in(const std::vector<Object>& page) {
  std::vector<std::string> ids;
  for (const Object& object : page) ids.push_back(object.id);
  return ids;
}

TEST_P(StoreContract, AnObjectIsReadAsItWasPut) {
  EXPECT_FALSE(store->object("release", "r_1"));
  Object made{"release", "r_1", R"({"image":"shop:1"})"};
  ASSERT_TRUE(store->put(made));
  EXPECT_GT(made.version, 0u);
  const auto read = store->object("release", "r_1");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, "release");
  EXPECT_EQ(read->id, "r_1");
  EXPECT_EQ(read->document, R"({"image":"shop:1"})");
  EXPECT_EQ(read->version, made.version);
  EXPECT_FALSE(store->object("release", "r_2"));
  EXPECT_FALSE(store->object("releases", "r_1")) << "another kind";
}

TEST_P(StoreContract, ANewObjectDoesNotReplaceOneThatIsThere) {
  Object first{"release", "r_1", "first"}, second{"release", "r_1", "second"}, other{"note", "r_1", "other"};
  ASSERT_TRUE(store->put(first));
  EXPECT_FALSE(store->put(second));
  EXPECT_EQ(second.version, 0u);
  ASSERT_TRUE(store->put(other)) << "the same id in another kind";
  EXPECT_EQ(store->object("release", "r_1")->document, "first");
  EXPECT_EQ(store->object("release", "r_1")->version, first.version);
  EXPECT_EQ(store->object("note", "r_1")->document, "other");
}

TEST_P(StoreContract, AnObjectIsChangedOnlyInTheVersionThatWasRead) {
  Object object{"release", "r_1", "one"};
  ASSERT_TRUE(store->put(object));
  Object old = object;
  object.document = "two";
  ASSERT_TRUE(store->put(object));
  EXPECT_GT(object.version, old.version);
  object.document = "three";
  ASSERT_TRUE(store->put(object)) << "the version that the last put gave";
  const std::uint64_t had = old.version;
  old.document = "late";
  EXPECT_FALSE(store->put(old));
  EXPECT_EQ(old.version, had);
  EXPECT_EQ(store->object("release", "r_1")->document, "three");
  EXPECT_EQ(store->object("release", "r_1")->version, object.version);
  Object absent{"release", "r_2", "late", 1};
  EXPECT_FALSE(store->put(absent)) << "somebody has erased it";
  EXPECT_FALSE(store->object("release", "r_2"));
}

TEST_P(StoreContract, RacingPutsOfOneVersionLetOneThrough) {
  Object read{"release", "r_1", ""};
  for (int round = 0; round < 2; ++round) {  // made by one, then changed by one
    std::atomic<int> put = 0, winner = -1;
    at_once(16, [&](int i) {
      Object mine = read;
      mine.document = std::to_string(i);
      if (!store->put(mine)) return;
      ++put;
      winner = i;
    });
    EXPECT_EQ(put, 1);
    read = store->object("release", "r_1").value();
    EXPECT_EQ(read.document, std::to_string(winner));
  }
}

TEST_P(StoreContract, AnObjectIsErasedOnlyInTheVersionThatWasRead) {
  Object object{"release", "r_1", "one"};
  EXPECT_TRUE(store->erase(object)) << "it is not there";
  ASSERT_TRUE(store->put(object));
  const Object old = object;
  ASSERT_TRUE(store->put(object));
  EXPECT_FALSE(store->erase(old));
  EXPECT_FALSE(store->erase({"release", "r_1", "", 0}));
  ASSERT_TRUE(store->object("release", "r_1"));
  EXPECT_TRUE(store->erase(object));
  EXPECT_FALSE(store->object("release", "r_1"));
  EXPECT_THAT(store->objects("release", "", 10), IsEmpty());
  EXPECT_TRUE(store->erase(object)) << "once more";
  EXPECT_FALSE(store->put(object)) << "what was erased does not come back by a late write";
  Object again{"release", "r_1", "again"};
  EXPECT_TRUE(store->put(again));
}

TEST_P(StoreContract, ObjectsAreListedByKindInOrderAndInPages) {
  for (const char* id : {"r_4", "r_1", "r_3", "r_5", "r_2"}) {
    for (const char* kind : {"release", "releases", "relea"}) {
      Object object{kind, id, std::string(kind) + " " + id};
      ASSERT_TRUE(store->put(object));
    }
  }
  const auto page = [&](std::string_view after, std::size_t limit) {
    return ids_in(store->objects("release", after, limit));
  };
  EXPECT_THAT(page({}, 2), ElementsAre("r_1", "r_2"));
  EXPECT_THAT(page("r_2", 2), ElementsAre("r_3", "r_4"));
  EXPECT_THAT(page("r_4", 2), ElementsAre("r_5"));
  EXPECT_THAT(page("r_5", 2), IsEmpty());
  EXPECT_THAT(page("r_25", 1000), ElementsAre("r_3", "r_4", "r_5")) << "`after` need not be there";
  EXPECT_THAT(ids_in(store->objects("rele", "", 10)), IsEmpty());
  const auto whole = store->objects("release", "", 1000);
  ASSERT_EQ(whole.size(), 5u);
  EXPECT_EQ(whole[0].kind, "release");
  EXPECT_EQ(whole[0].document, "release r_1");
  EXPECT_EQ(whole[0].version, store->object("release", "r_1")->version);
}

TEST_P(StoreContract, ObjectsMayHaveAnyIds) {
  std::vector<std::string> ids{
      "0",       "00", "a b", "a/b",    "a#b",        "%",   "_",   "'; --", "\"\\", "\n",
      "OBJECT#", "é",  "ﬀ",   "Łódź ☕", "\U0001F600", ":id", "#id", "A",     "a",    std::string(1000, 'z')};
  for (const std::string& id : ids) {
    Object object{"release", id, "of " + id};
    ASSERT_TRUE(store->put(object)) << id;
  }
  for (const std::string& id : ids) {
    const auto read = store->object("release", id);
    ASSERT_TRUE(read) << id;
    EXPECT_EQ(read->document, "of " + id);
  }
  std::sort(ids.begin(), ids.end());  // by bytes
  EXPECT_EQ(ids_in(store->objects("release", "", 1000)), ids);
  EXPECT_EQ(ids_in(store->objects("release", ids[6], 1000)), std::vector(ids.begin() + 7, ids.end()));
  for (const Object& object : store->objects("release", "", 1000)) EXPECT_TRUE(store->erase(object)) << object.id;
  EXPECT_THAT(store->objects("release", "", 1000), IsEmpty());
}

TEST_P(StoreContract, ADocumentMayBeLarge) {
  std::string document = R"({"log":")";
  while (document.size() < 100'000) document += "Łódź ☕ \\\" \\n ";
  document += "\"}";
  for (const char* id : {"r_1", "r_2", "r_3"}) {
    Object object{"release", id, document};
    ASSERT_TRUE(store->put(object));
    ASSERT_TRUE(store->put(object));
  }
  EXPECT_EQ(store->object("release", "r_2")->document, document);
  const auto all = store->objects("release", "", 1000);
  ASSERT_EQ(all.size(), 3u);
  for (const Object& object : all) EXPECT_EQ(object.document, document);
  Object empty{"release", "r_4", ""};
  ASSERT_TRUE(store->put(empty));
  EXPECT_EQ(store->object("release", "r_4")->document, "");
}

TEST_P(StoreContract, ManyPutObjectsAtTheSameTime) {
  constexpr int writers = 16, each = 10;
  at_once(writers, [&](int i) {
    for (int n = 0; n < each; ++n) {
      Object object{"release", "r_" + std::to_string(100 * i + n), "one"};
      EXPECT_TRUE(store->put(object));
      object.document = std::to_string(i);
      EXPECT_TRUE(store->put(object));
      EXPECT_TRUE(n % 2 == 0 || store->erase(object));
    }
  });
  const auto left = store->objects("release", "", 1000);
  EXPECT_EQ(left.size(), std::size_t{writers * each / 2});
  for (const Object& object : left) EXPECT_EQ(object.document, std::to_string(std::stoi(object.id.substr(2)) / 100));
}

}  // namespace slipway::test

#include "drivers/store/dynamodb/objects.hpp"

#include <algorithm>

#include "drivers/store/dynamodb/keys.hpp"

namespace slipway::dynamodb {
namespace {

Object object_of(std::string_view kind, const Item& item) {
  return {std::string(kind), text_of(item, "sk"), text_of(item, "doc"),
          static_cast<std::uint64_t>(number_of(item, "version"))};
}

boost::json::value version_of(std::uint64_t version) { return number(static_cast<std::int64_t>(version)); }

}  // namespace

std::optional<Object> find_object(Table& table, std::string_view kind, std::string_view id) {
  const auto item = table.get(object_key(kind, id));
  if (!item) return std::nullopt;
  return object_of(kind, *item);
}

bool put_object(Table& table, Object& object) {
  const std::string writer = table.new_token();
  Write write{.subject = object_key(object.kind, object.id), .values = {{":writer", text(writer)}}};
  write.subject["doc"] = text(object.document);
  write.subject["version"] = version_of(object.version + 1);
  write.subject["writer"] = text(writer);
  if (object.version == 0) {
    write.condition = "attribute_not_exists(#pk) OR #writer = :writer";
  } else {
    write.condition = "#version = :version OR #writer = :writer";
    write.values[":version"] = version_of(object.version);
  }
  if (!table.write(write)) return false;
  ++object.version;
  return true;
}

bool erase_object(Table& table, const Object& object) {
  return table.write({.kind = Write::Kind::remove,
                      .subject = object_key(object.kind, object.id),
                      .condition = "attribute_not_exists(#pk) OR #version = :version",
                      .values = {{":version", version_of(object.version)}}});
}

std::vector<Object> list_objects(Table& table, std::string_view kind, std::string_view after, std::size_t limit) {
  const std::size_t most = std::clamp<std::size_t>(limit, 1, 1000);
  Query query{
      .condition = "#pk = :pk", .values = {{":pk", text(objects_pk(kind))}}, .consistent = true, .page_limit = most};
  if (!after.empty()) {  // DynamoDB refuses an empty string as a key
    query.condition += " AND #sk > :after";
    query.values[":after"] = text(after);
  }
  std::vector<Object> page;
  table.each(query, [&](const Item& item) {
    page.push_back(object_of(kind, item));
    return page.size() < most;
  });
  return page;
}

}  // namespace slipway::dynamodb

#include "drivers/store/sqlite/object_rows.hpp"

#include <algorithm>

namespace slipway::sqlite {
namespace {

// kind, id, doc, version
Object object_at(Query& query) {
  return {query.text(0), query.text(1), query.text(2), static_cast<std::uint64_t>(query.integer(3))};
}

}  // namespace

std::optional<Object> find_object_row(Connection& ledger, std::string_view kind, std::string_view id) {
  Query query(ledger, "SELECT kind, id, doc, version FROM objects WHERE kind = ?1 AND id = ?2", kind, id);
  if (!query.step()) return std::nullopt;
  return object_at(query);
}

bool put_object_row(Connection& ledger, const Object& object) {
  constexpr std::string_view insert =
      "INSERT INTO objects (kind, id, version, doc) VALUES (?1, ?2, 1, ?3) ON CONFLICT DO NOTHING";
  constexpr std::string_view update =
      "UPDATE objects SET version = version + 1, doc = ?3 WHERE kind = ?1 AND id = ?2 AND version = ?4";
  if (object.version == 0) return ledger.run(insert, object.kind, object.id, object.document) == 1;
  return ledger.run(update, object.kind, object.id, object.document, object.version) == 1;
}

bool erase_object_row(Connection& ledger, const Object& object) {
  constexpr std::string_view sql = "DELETE FROM objects WHERE kind = ?1 AND id = ?2 AND version = ?3";
  return ledger.run(sql, object.kind, object.id, object.version) == 1 ||
         !find_object_row(ledger, object.kind, object.id);
}

std::vector<Object> object_rows(Connection& ledger, std::string_view kind, std::string_view after, std::size_t limit) {
  constexpr std::string_view sql =
      "SELECT kind, id, doc, version FROM objects WHERE kind = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
  Query query(ledger, sql, kind, after, std::clamp<std::size_t>(limit, 1, 1000));
  std::vector<Object> page;
  while (query.step()) page.push_back(object_at(query));
  return page;
}

}  // namespace slipway::sqlite

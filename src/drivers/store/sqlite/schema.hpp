#pragma once
#include <string>

#include "drivers/store/sqlite/connection.hpp"
#include "model/names.hpp"

namespace slipway::sqlite {

// Marks a file as a ledger in SQLite's header: "Slip".
constexpr int application_id = 0x536c6970;

// The schema version that this program writes: the number of its migrations.
int schema_version();

// Makes sure that there is a file only its owner may read and write. Throws Error(unavailable) that says what is
// wrong with the path.
void create_file(const std::string& path);

// Throws Error(internal) where the file is no ledger or was written by a newer program.
void check_identity(Connection& ledger);

// Sets the journal mode and applies the migrations that are missing, each in one transaction.
void migrate(Connection& ledger, Millis busy_timeout);

// Makes the ports table hold this range: missing ports are added, free ones outside it are dropped; a leased one
// outside it goes when its lease ends. Two zeros: no range.
void set_port_range(Connection& ledger, Port first, Port last);

}  // namespace slipway::sqlite

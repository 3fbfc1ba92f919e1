// What Flight SQL asks about products, as statements of SQL over constants. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/flight/flight_wire.h"
#include "serve/sql/sql_engine.h"

namespace braid::serve::flight {

/// A table as the catalogue tells it.
struct CatalogueTable {
  std::string domain, name;
  std::vector<std::string> key = {};  ///< fields; empty: it has none
  std::string schema = {};            ///< an IPC message, where it is asked for
};

inline constexpr const char* kCatalogue = "memory";

/// Nothing: it is no command of the catalogue that is known here.
std::optional<std::string> catalogue_statement(const SqlMessage& command, const std::vector<CatalogueTable>& tables);
/// Columns of its answer that Flight SQL has as not null.
std::vector<std::string> columns_never_null(std::string_view command);
/// Whether the command asks for schemas of tables.
bool wants_schemas(const SqlMessage& command);
/// What GetSqlInfo asks for, of what is known. Nothing: the command is broken.
std::optional<std::vector<ServerFact>> server_facts(const SqlMessage& command);

}  // namespace braid::serve::flight

// The compiled interface of a product: all that a reader in another project may rely on, and the only thing that its
// compiler needs. Sources of other domains are not needed. Plain values; pure functions; any thread.
//
// Stored as canonical JSON: one text for one interface, so that its hash names it. Keys stand in a fixed order, what is
// absent is left out, numbers are integers, and there is no white space.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/typed/project.h"
#include "mesh/definition/definition.h"
#include "runtime/base/result.h"
#include "runtime/data/type.h"

namespace braid::mesh {

struct InterfaceField {
  std::string name;
  Type type;
  std::string documentation;
  std::vector<std::string> labels;  ///< without `#`
};

/// What its rows are.
enum class InterfaceKind {
  stream,     ///< events, each once
  versions,   ///< a table that changes with time: its history
  changes,    ///< a table that is kept up: inserts, updates and deletes
  reference,  ///< a table without time: it is read whole
};
std::string_view word_of(InterfaceKind kind);

struct InterfaceTime {
  std::string field;      ///< empty: it travels beside the row
  int64_t within_us = 0;  ///< rows are at most that late
  friend bool operator==(const InterfaceTime&, const InterfaceTime&) = default;
};

struct InterfaceCheck {
  std::string name;
  std::string condition;  ///< as a script writes it, over the fields
  std::string otherwise;  ///< "reject", "alert", "stop"
  friend bool operator==(const InterfaceCheck&, const InterfaceCheck&) = default;
};

/// `allow read to role crm, domain kpi for purpose care`: who reads all rows, and each field as it is.
struct InterfaceAllow {
  std::vector<std::string> readers;   ///< "role crm", "domain kpi", "anyone"
  std::vector<std::string> purposes;  ///< empty: any
  friend bool operator==(const InterfaceAllow&, const InterfaceAllow&) = default;
};

/// `allow read to domain kpi where country == "FR"`: who reads the rows for which a condition holds.
struct InterfaceRows {
  std::vector<std::string> readers;
  std::vector<std::string> purposes;  ///< empty: any
  std::string where;                  ///< as a script writes it, over the fields
  friend bool operator==(const InterfaceRows&, const InterfaceRows&) = default;
};

/// `mask email with hash except role crm`: what stands in place of a value for all who are not excepted.
struct InterfaceMask {
  std::vector<std::string> field;  ///< path
  /// A function's name or a lambda, as a script writes it: the rows have the value, and the compiler of a reader masks
  /// it. Empty: the rows have the masked value already.
  std::string with;
  std::vector<std::string> except;  ///< "role crm"
  friend bool operator==(const InterfaceMask&, const InterfaceMask&) = default;
};

/// What a reader's compiler puts directly above the rows (docs/decisions/0085).
struct InterfaceAccess {
  std::vector<InterfaceRows> rows;
  std::vector<InterfaceMask> masks;
  /// Of a product whose `to` writes only the rows of one reader, and some of them: that reader, "role crm". Nobody else
  /// reads there. Empty: all rows are there.
  std::string rows_for;
  std::vector<DefinitionItem> functions;  ///< that conditions and masks stand on
  std::vector<DefinitionUse> uses;        ///< by which they name what is of other domains
  friend bool operator==(const InterfaceAccess&, const InterfaceAccess&) = default;
};

/// Where its rows are to be had, in one environment.
struct InterfaceAddress {
  std::string environment;  ///< empty: as the script says, in every environment
  std::string connector;    ///< "file", "topic"
  std::string address;
  std::string format;
  friend bool operator==(const InterfaceAddress&, const InterfaceAddress&) = default;
};

struct Interface {
  std::string domain, name;
  int64_t version = 1;  ///< the major; minors are counted by the registry
  InterfaceKind kind = InterfaceKind::stream;
  std::string documentation;
  std::string owner;
  std::vector<InterfaceField> fields;
  std::vector<std::vector<std::string>> key;  ///< paths of names; empty: it has none
  std::optional<InterfaceTime> time;
  std::optional<schema::Compatibility> compatible;
  std::vector<typed::UniquePromise> uniques;
  std::vector<InterfaceCheck> checks;
  typed::Promises promises;
  std::optional<typed::Deprecation> deprecated;
  bool draft = false;  ///< what it looks like is not promised yet
  std::optional<typed::Migration> migration = {};
  /// Empty: whoever knows it reads it, as a public source without `allow`. Of a product without `allow`: its own
  /// domain.
  std::vector<InterfaceAllow> allows;
  InterfaceAccess access = {};
  std::vector<InterfaceAddress> addresses;

  std::string qualified() const { return domain + "." + name; }
};

/// Of a product or a public source. `owner` is that of its domain in the project; the address is that of its `to` or
/// `from`, and addresses of environments are for the caller to add; so is `access`, which the texts of the scripts
/// have.
Interface interface_of(const typed::Project& project, const typed::Relation& relation);

/// The interface of a product of which a reader has some columns: those, the key and the event time. What says
/// something of others is not there, and nobody else reads it.
Interface only_columns(const Interface& interface, const std::vector<std::string>& columns);
/// The key and the event time: they are part of any columns that are asked for.
std::vector<std::string> columns_always(const Interface& interface);

/// Where it stands between its first publication and its last. The registry has those that are retired by themselves.
enum class LifeState { draft, active, deprecated };
LifeState state_of(const Interface& interface);
/// "draft", "active", "deprecated".
std::string_view word_of(LifeState state);
/// From when on it is not to be read: the day after which it is deprecated, in µs since 1970. Nothing if it has no end,
/// or one that cannot be read.
std::optional<int64_t> end_of(const Interface& interface);

std::string to_json(const Interface& interface);
/// An error says what is missing or wrong. Keys that are not known are ignored: a later version may have written them.
Result<Interface> interface_of_json(std::string_view json);

/// `urn:braid:{tenant}:{domain}:{product}:{major}`.
std::string urn_of(std::string_view tenant, std::string_view domain, std::string_view product, int64_t major);

}  // namespace braid::mesh

// `braid access`: asking for products of other domains, and answering who asks.
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>

#include "cli/commands/desk.h"
#include "cli/commands/registry_flags.h"
#include "cli/present/json_object.h"
#include "cli/present/table.h"
#include "cli/session/granted_reads.h"
#include "mesh/access/access_events.h"
#include "runtime/data/time_text.h"
#include "runtime/report/grant_findings.h"
#include "runtime/report/registry_findings.h"
#include "runtime/report/suggest.h"

namespace braid::cli {
namespace {

struct AccessFlags : DeskFlags {
  std::string name;  ///< of a product, or of a request
  std::string purpose, until, because, role;
  std::vector<std::string> columns;
  bool json = false;

  void add_to(CLI::App& command) {
    DeskFlags::add_to(command, " that asks or decides");
    command.add_flag("--json", json, "Write the request and what became of it as JSON");
  }
  void add_until(CLI::App& command, const std::string& what) {
    command.add_option("--until", until, what + ": 2026-12-31, 2026-12-31T12:00:00Z, or 30d from now")
        ->type_name("WHEN");
  }
  void add_because(CLI::App& command, bool required) {
    command.add_option("--because", because, "Why, for the domain that asked")->type_name("TEXT")->required(required);
  }
};

std::string json_of(const mesh::AccessEntry& entry) {
  JsonObject made;
  made.text("request", entry.id);
  made.text("product", entry.product);
  made.number("version", entry.version);
  made.text("reader", entry.reader);
  made.text("purpose", entry.purpose);
  if (!entry.role.empty()) made.text("role", entry.role);
  if (!entry.columns.empty()) made.text("columns", fmt::format("{}", fmt::join(entry.columns, ", ")));
  made.text("state", mesh::word_of(entry.state));
  made.text("asked", timestamp_text(entry.asked_us));
  if (entry.asked_until_us) made.text("asked_until", timestamp_text(*entry.asked_until_us));
  if (!entry.decided_by.empty()) {
    made.text("decided", timestamp_text(entry.decided_us));
    made.text("decided_by", entry.decided_by);
  }
  if (!entry.because.empty()) made.text("because", entry.because);
  if (entry.until_us) made.text("until", timestamp_text(*entry.until_us));
  return made.take();
}

/// "`kpi`", "role `analyst`, as `kpi` asks".
std::string reader_of(const mesh::AccessEntry& entry) {
  return entry.role.empty() ? "`" + entry.reader + "`"
                            : fmt::format("role `{}`, as `{}` asks,", entry.role, entry.reader);
}

/// What the entry is about: "`kpi` reads `payments.payment@1` for reporting".
std::string about(const mesh::AccessEntry& entry) {
  const std::string columns = entry.columns.empty() ? "" : fmt::format("{} of ", fmt::join(entry.columns, ", "));
  return fmt::format("{} reads {}`{}` for {}", reader_of(entry), columns,
                     mesh::version_name(entry.product, entry.version), entry.purpose);
}

/// The columns that `--columns` names, with the key and the event time, in the order of the product; false, and
/// reported if it does not have one.
bool read_columns(Desk& desk, const mesh::Interface& interface, const std::vector<std::string>& named,
                  std::vector<std::string>& columns) {
  if (named.empty()) return true;
  std::vector<std::string> all;
  for (const mesh::InterfaceField& field : interface.fields) all.push_back(field.name);
  for (const std::string& one : named)
    if (std::ranges::find(all, one) == all.end()) {
      auto finding = desk.reporter().report(
          diag::NoSuchColumn{.product = mesh::version_name(interface.qualified(), interface.version), .column = one});
      if (const auto near = closest(one, all)) finding.note("did you mean `" + *near + "`?");
      finding.note(fmt::format("it has: {}", fmt::join(all, ", ")));
    }
  const std::vector<std::string> always = mesh::columns_always(interface);
  for (const std::string& one : all)
    if (std::ranges::find(named, one) != named.end() || std::ranges::find(always, one) != always.end())
      columns.push_back(one);
  if (columns.size() == all.size()) columns.clear();
  return desk.right();
}

/// The instant that `--until` says; false and reported if it is none, or has passed.
bool read_until(Desk& desk, const std::string& written, std::optional<int64_t>& until) {
  if (written.empty()) return true;
  const int64_t now = system_clock().now_us();
  int64_t us = 0;
  int32_t days = 0;
  if (parse_date(written, &days))
    until = int64_t{days} * kMicrosPerDay;
  else if (parse_timestamp_literal(written, &us))
    until = us;
  else if (parse_duration_literal(written, &us))
    until = now + us;
  if (!until)
    desk.reporter().report(
        diag::FlagValue{.option = "--until", .expected = "2026-12-31, an instant, or 30d", .found = written});
  else if (*until <= now)
    desk.reporter().report(diag::InstantPassed{.instant = timestamp_text(*until)});
  return desk.right();
}

/// On record for the domain; shown.
void done(Desk& desk, const AccessFlags& flags, const Result<mesh::AccessEntry>& entry, const std::string& domain,
          const std::string& text) {
  if (!entry.ok()) return report_error(entry.error(), desk.reporter());
  mesh::AccessBook book = desk.access();
  mesh::AuditLog log = desk.audit_log(domain);
  if (const Status recorded = mesh::record_access(book, log, system_clock(), domain, desk.key()); !recorded.ok())
    return report_error(recorded.error(), desk.reporter());
  std::fputs(flags.json ? (json_of(*entry) + "\n").c_str() : text.c_str(), stdout);
}

/// As `for purpose` in a script has them.
bool is_name(const std::string& text) {
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

/// The interface of the version that is asked for, the newest if none is named; nothing if that was reported.
std::optional<mesh::Interface> asked_product(Desk& desk, const std::string& written) {
  Reporter& reporter = desk.reporter();
  const auto versioned = mesh::parse_version_name(written);
  const std::string name = versioned ? versioned->first : written;
  const size_t dot = name.rfind('.');
  const std::string domain = dot == std::string::npos ? name : name.substr(0, dot);
  const std::string product = dot == std::string::npos ? "" : name.substr(dot + 1);
  if (desk.domains().contains(domain)) {
    reporter.report(diag::OwnProduct{.product = name})
        .note("its own domain reads it as it is; `allow read to domain d` in its header opens it to another one");
    return std::nullopt;
  }
  mesh::Registry registry(desk.store(), system_clock());
  std::vector<mesh::StoredPublication> chain;
  if (mesh::is_domain_name(domain)) {
    auto read = registry.chain(domain);
    if (!read.ok()) return report_error(read.error(), reporter), std::nullopt;
    chain = std::move(*read);
  }
  if (chain.empty()) {
    auto finding = reporter.report(diag::DomainNotPublished{.domain = domain});
    if (const auto all = registry.domains(); all.ok())
      if (const auto near = closest(domain, *all)) finding.note("did you mean `" + *near + "`?");
    return std::nullopt;
  }
  const mesh::PublishedProducts& products = chain.front().publication.products;
  const auto found = products.find(product);
  if (found == products.end() || found->second.empty()) {
    std::vector<std::string> names;
    for (const auto& [each, versions] : products) names.push_back(each);
    auto finding = reporter.report(diag::NotPublished{.domain = domain, .name = product});
    if (const auto near = closest(product, names)) finding.note("did you mean `" + domain + "." + *near + "`?");
    finding.note(fmt::format("it publishes: {}", fmt::join(names, ", ")));
    return std::nullopt;
  }
  const auto version = versioned ? found->second.find(versioned->second) : std::prev(found->second.end());
  if (version == found->second.end()) {
    reporter.report(diag::VersionNotPublished{.product = name, .version = versioned->second});
    return std::nullopt;
  }
  Result<mesh::Interface> interface = registry.interface(version->second.interface);
  if (!interface.ok()) return report_error(interface.error(), reporter), std::nullopt;
  return std::move(*interface);
}

void request(Desk& desk, const AccessFlags& flags) {
  Reporter& reporter = desk.reporter();
  mesh::AccessWish wish{.product = {}, .reader = desk.domain(flags.domain), .purpose = flags.purpose};
  if (!is_name(flags.purpose))
    reporter.report(diag::NotAPurpose{.purpose = flags.purpose})
        .note("it is one word, as scripts have it in `for purpose`: letters, digits and `_`");
  if (!read_until(desk, flags.until, wish.until_us) || !desk.right()) return;
  const std::optional<mesh::Interface> interface = asked_product(desk, flags.name);
  if (!interface) return;
  wish.product = interface->qualified();
  wish.version = interface->version;
  wish.role = flags.role;
  if (!flags.role.empty() && !is_name(flags.role))
    reporter.report(diag::FlagValue{.option = "--role", .expected = "one word", .found = flags.role});
  if (!flags.role.empty() && !flags.columns.empty())
    reporter.report(diag::FlagValue{.option = "--columns",
                                    .expected = "columns for the flows of a domain, without --role",
                                    .found = flags.columns[0]});
  if (!read_columns(desk, *interface, flags.columns, wish.columns) || !desk.right()) return;
  if (flags.role.empty() && is_open_to(*interface, wish.reader, wish.purpose)) {
    reporter.report(diag::AlreadyReadable{.reader = wish.reader,
                                          .product = mesh::version_name(wish.product, wish.version),
                                          .reason = "its owner allows that in the script"});
    return;
  }
  const Result<mesh::AccessEntry> entry = desk.access().request(wish, desk.tenant(), desk.key());
  std::string text;
  if (entry.ok()) {
    std::vector<std::string> deciders{entry->owner()};
    if (const auto named = desk.access().approvers(entry->owner()); named.ok())
      for (const auto& [domain, key] : *named) deciders.push_back(domain);
    text = fmt::format("request {}: {}{}\n  {} decides with `braid access approve {}`\n", mesh::short_id(entry->id),
                       about(*entry), wish.until_us ? " until " + timestamp_text(*wish.until_us) : "",
                       fmt::join(deciders, " or "), mesh::short_id(entry->id));
  }
  done(desk, flags, entry, wish.reader, text);
}

/// The request whose id begins so; nothing if that was reported.
std::optional<mesh::AccessEntry> find_request(Desk& desk, const std::string& id) {
  std::vector<Error> faults;
  const Result<std::vector<mesh::AccessEntry>> all = desk.access().all(&faults);
  if (!all.ok()) return report_error(all.error(), desk.reporter()), std::nullopt;
  std::optional<mesh::AccessEntry> found;
  for (const mesh::AccessEntry& one : *all) {
    if (id.empty() || !one.id.starts_with(id)) continue;
    if (found) {
      desk.reporter().report(diag::RequestAmbiguous{.id = id}).note("`braid access list` shows more of each");
      return std::nullopt;
    }
    found = one;
  }
  if (found) return found;
  auto finding = desk.reporter().report(diag::RequestUnknown{.id = id});
  finding.note("`braid access list` shows all requests");
  for (const Error& fault : faults) finding.note("what a log says cannot be believed: " + fault.message);
  return std::nullopt;
}

void decide(Desk& desk, const AccessFlags& flags, mesh::Decision::Kind kind) {
  mesh::Decision decision{.kind = kind, .id = {}, .domain = {}, .because = flags.because, .until_us = {}};
  if (!read_until(desk, flags.until, decision.until_us)) return;
  const std::optional<mesh::AccessEntry> entry = find_request(desk, flags.name);
  if (!entry) return;
  decision.id = entry->id;
  const auto approvers = desk.access().approvers(entry->owner());
  if (!approvers.ok()) return report_error(approvers.error(), desk.reporter());
  std::vector<std::string> deciders{entry->owner()};
  for (const auto& [domain, key] : *approvers) deciders.push_back(domain);
  if (kind == mesh::Decision::Kind::revoke) deciders.push_back(entry->reader);
  for (const std::string& one : deciders)
    if (desk.domains().contains(one) && (flags.domain.empty() || flags.domain == one)) {
      decision.domain = one;
      break;
    }
  if (decision.domain.empty()) {
    desk.reporter()
        .report(diag::NotYoursToDecide{.id = mesh::short_id(entry->id), .product = entry->product})
        .note(fmt::format("these may: {}; of them the project has no domain{}", fmt::join(deciders, ", "),
                          flags.domain.empty() ? "" : " `" + flags.domain + "`"))
        .note("an owner names others in braid.toml, and publishes: [mesh.approvers] privacy = \"ed25519:…\"");
    return;
  }
  const Result<mesh::AccessEntry> decided = desk.access().decide(decision, desk.tenant(), desk.key());
  std::string text;
  if (decided.ok())
    text = fmt::format("request {} {}: {}\n", mesh::short_id(decided->id), mesh::state_text(*decided), about(*decided));
  done(desk, flags, decided, decision.domain, text);
}

struct ListFlags : RegistryFlags {
  std::string product;
  bool json = false;
};

Status list(mesh::ObjectStore& store, const ListFlags& flags, const Console& console, Reporter& reporter) {
  mesh::AccessBook book(store, system_clock());
  std::vector<Error> faults;
  BRAID_ASSIGN(std::vector<mesh::AccessEntry> entries, book.all(&faults));
  std::erase_if(entries, [&](const mesh::AccessEntry& one) {
    return !flags.product.empty() && one.product != flags.product &&
           mesh::version_name(one.product, one.version) != flags.product;
  });
  Table table;
  for (const char* header : {"request", "product", "reader", "purpose", "asked", "state"})
    table.column(header, Table::Align::left);
  for (const mesh::AccessEntry& one : entries) {
    if (flags.json) fmt::print("{}\n", json_of(one));
    table.row({{mesh::short_id(one.id)},
               {mesh::version_name(one.product, one.version)},
               {one.role.empty() ? one.reader : fmt::format("role {} ({})", one.role, one.reader)},
               {one.purpose},
               {timestamp_text(one.asked_us)},
               {mesh::state_text(one)}});
  }
  if (!flags.json && entries.empty()) fmt::print("nobody has asked{}\n", flags.product.empty() ? "" : " for it");
  if (!flags.json && !entries.empty()) std::fputs(table.render(console.width, console.color_out).c_str(), stdout);
  for (const Error& fault : faults) report_error(fault, reporter);
  return {};
}

/// A subcommand that writes for a domain of the project.
template <class Work>
void add_writing(CLI::App* command, const std::shared_ptr<AccessFlags>& flags, CommandContext& context,
                 const Work& work) {
  flags->add_to(*command);
  work_at_desk(*command, flags, context, work);
}

}  // namespace

void add_access(CLI::App& app, CommandContext& context) {
  CLI::App* access = app.add_subcommand("access", "Asks for products of other domains, and answers who asks");
  access->require_subcommand(1);

  auto asked = std::make_shared<AccessFlags>();
  CLI::App* ask =
      access->add_subcommand("request", "Asks the owner of a product to let a domain of the project read it");
  ask->add_option("product", asked->name, "Product, as payments.payment or payments.payment@1")
      ->required()
      ->type_name("PRODUCT");
  ask->add_option("--purpose", asked->purpose, "What the rows are read for, as one word")
      ->required()
      ->type_name("PURPOSE");
  ask->add_option("--columns", asked->columns, "Only these fields, with the key and the event time: id,amount")
      ->delimiter(',')
      ->type_name("FIELDS");
  ask->add_option("--role", asked->role, "For people and services with this role, in place of the domain's flows")
      ->type_name("ROLE");
  asked->add_until(*ask, "When the need ends");
  add_writing(ask, asked, context, request);

  const auto answer = [&](const char* name, const char* what, mesh::Decision::Kind kind) {
    auto flags = std::make_shared<AccessFlags>();
    CLI::App* command = access->add_subcommand(name, what);
    command->add_option("id", flags->name, "Request, or as much of it as is its own")->required()->type_name("ID");
    if (kind == mesh::Decision::Kind::approve)
      flags->add_until(*command, "When the grant ends, if not as asked");
    else
      flags->add_because(*command, kind == mesh::Decision::Kind::deny);
    add_writing(command, flags, context, [kind](Desk& desk, const AccessFlags& given) { decide(desk, given, kind); });
  };
  answer("approve", "Grants a request: the reader may read from now on, until the grant ends",
         mesh::Decision::Kind::approve);
  answer("deny", "Refuses a request", mesh::Decision::Kind::deny);
  answer("revoke", "Ends a grant or a request; the domain that asked may do that, too", mesh::Decision::Kind::revoke);

  auto listed = std::make_shared<ListFlags>();
  CLI::App* list_command = access->add_subcommand("list", "Lists requests and what became of them, oldest first");
  listed->add_to(*list_command);
  list_command->add_option("--product", listed->product, "Only those for a product")->type_name("PRODUCT");
  list_command->add_flag("--json", listed->json, "Write JSON, one request a line");
  list_command->callback([listed, &context] {
    with_product_registry(*listed, context, [&](mesh::ObjectStore& store, const std::string&, Reporter& reporter) {
      return list(store, *listed, context.console, reporter);
    });
  });
}

}  // namespace braid::cli

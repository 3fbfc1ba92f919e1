// `braid mesh key`: the keys that sign for domains are made, shown, changed, and replaced where they are lost.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cli/commands/desk.h"
#include "cli/commands/mesh_commands.h"
#include "cli/commands/registry_flags.h"
#include "mesh/audit/publications.h"
#include "mesh/registry/registry.h"
#include "runtime/report/registry_findings.h"

namespace braid::cli {
namespace {

/// Only its owner may read the file, from its first byte on.
std::string write_secret(const std::string& path, const std::string& text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return std::strerror(errno);
  const ssize_t written = ::write(file, text.data(), text.size());
  const std::string reason =
      written == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0 ? "" : std::strerror(errno);
  ::close(file);
  return reason;
}

void new_key(const std::string& path, CommandContext& context) {
  Reporter reporter;
  const Result<mesh::DomainKey> key = mesh::DomainKey::create();
  if (!key.ok()) {
    context.exit_code = show_error(key.error(), context.console);
    return;
  }
  if (const Status made = real_fs().make_directories(parent_directory(path)); !made.ok())
    reporter.report(diag::CannotWrite{.path = path, .reason = made.error().message});
  else if (const std::string reason = write_secret(path, key->pem()); !reason.empty())
    reporter.report(diag::CannotWrite{.path = path, .reason = reason});
  const std::vector<Diagnostic> findings = reporter.take_sorted();
  show_findings(findings, SourceSet(), context.console, FindingFormat::text);
  context.exit_code = exit_code_of(findings);
  if (context.exit_code != kDone) return;
  fmt::print("made {}; keep it secret, and out of version control\npublic key {}\n", path, key->public_name());
}

/// Nothing, and reported, if it cannot be used.
std::optional<mesh::DomainKey> read_key(const std::string& path, Reporter& reporter) {
  std::string reason;
  if (const auto pem = read_file(path, reason)) {
    Result<mesh::DomainKey> key = mesh::DomainKey::of_pem(*pem);
    if (key.ok()) return std::move(*key);
    reason = key.error().message;
  }
  reporter.report(diag::DomainKeyUnreadable{.path = path, .reason = reason});
  return std::nullopt;
}

void show_key(const std::string& path, CommandContext& context) {
  Reporter reporter;
  const std::optional<mesh::DomainKey> key = read_key(path, reporter);
  const std::vector<Diagnostic> findings = reporter.take_sorted();
  show_findings(findings, SourceSet(), context.console, FindingFormat::text);
  context.exit_code = exit_code_of(findings);
  if (key) fmt::print("{}\n", key->public_name());
}

struct RotateFlags : DeskFlags {
  std::string to;
};

/// The domains of the project that have published: one key signs for all of them.
Status rotate(Desk& desk, const RotateFlags& flags, const mesh::DomainKey& next) {
  mesh::Registry registry(desk.store(), system_clock());
  int64_t changed = 0, known = 0;
  for (const std::string& domain : desk.domains()) {
    if (!flags.domain.empty() && domain != flags.domain) continue;
    BRAID_ASSIGN(const std::optional<mesh::StoredPublication> head, registry.head(domain));
    if (!head) continue;
    ++known;
    // Where the command was killed between two domains, it goes on with those that are left.
    if (head->publication.keys != std::vector{next.public_name()}) {
      BRAID_ASSIGN(const mesh::StoredPublication done,
                   registry.change_key(
                       {.domain = domain, .to = next.public_name(), .compiler = std::string("braid ") + kBraidVersion},
                       desk.key()));
      fmt::print("{}: publication {}; {} signs from now on\n", domain, done.publication.sequence, next.public_name());
      ++changed;
    }
    mesh::AuditLog log = desk.audit_log(domain);
    BRAID_TRY(mesh::record_publications(registry, log, domain, next));
  }
  if (known == 0) {
    const Diagnostic finding =
        diag::KeyNotChanged{.domain = flags.domain.empty() ? "the project" : flags.domain,
                            .reason = "it has published nothing; name the new key in braid.toml instead"}
            .make();
    return Error{ErrorKind::usage, finding.message, finding.code};
  }
  if (changed == 0) fmt::print("{} signs already\n", next.public_name());
  fmt::print("name it in braid.toml: [mesh] key = \"{}\"; jobs that run take it when they are started again\n",
             flags.to);
  return {};
}

struct RecoverFlags : RegistryFlags {
  std::string domain, to, with;
};

Status recover(mesh::ObjectStore& store, const RecoverFlags& flags, Reporter& reporter) {
  const std::optional<mesh::DomainKey> key = read_key(flags.with, reporter);
  if (!key) return {};
  mesh::Registry registry(store, system_clock());
  BRAID_ASSIGN(const mesh::StoredPublication done,
               registry.change_key(
                   {.domain = flags.domain, .to = flags.to, .compiler = std::string("braid ") + kBraidVersion}, *key));
  fmt::print("{}: publication {}; {} signs from now on\n", flags.domain, done.publication.sequence, flags.to);
  return {};
}

}  // namespace

void add_mesh_key(CLI::App& mesh, CommandContext& context) {
  CLI::App* command = mesh.add_subcommand("key", "Makes and changes the key that signs for a domain");
  command->require_subcommand(1);

  auto path = std::make_shared<std::string>();
  CLI::App* new_command = command->add_subcommand("new", "Makes a key and writes its private part to a file");
  new_command->add_option("path", *path, "File to write")->required()->type_name("FILE");
  new_command->callback([path, &context] { new_key(*path, context); });

  auto shown = std::make_shared<std::string>();
  CLI::App* show_command = command->add_subcommand("show", "Shows the public part of a key");
  show_command->add_option("path", *shown, "File of its private part")->required()->type_name("FILE");
  show_command->callback([shown, &context] { show_key(*shown, context); });

  auto rotated = std::make_shared<RotateFlags>();
  CLI::App* rotate_command =
      command->add_subcommand("rotate", "Hands the published domains of a project over to another key");
  rotate_command->add_option("path", rotated->to, "File of the new key, as `braid mesh key new` has made it")
      ->required()
      ->type_name("FILE");
  rotated->add_to(*rotate_command, ", whose braid.toml names the key that signs now");
  work_at_desk(*rotate_command, rotated, context, [](Desk& desk, const RotateFlags& flags) {
    const std::optional<mesh::DomainKey> next = read_key(flags.to, desk.reporter());
    if (!next) return;
    if (!flags.domain.empty() && desk.domain(flags.domain).empty()) return;
    if (const Status done = rotate(desk, flags, *next); !done.ok()) report_error(done.error(), desk.reporter());
  });

  auto recovered = std::make_shared<RecoverFlags>();
  CLI::App* recover_command = command->add_subcommand(
      "recover", "Gives a domain whose key is lost another one, with the key for recovery that it has published");
  recover_command->add_option("key", recovered->to, "Public part of the new key: ed25519:…")
      ->required()
      ->type_name("KEY")
      ->check([](const std::string& text) {
        return mesh::is_public_name(text) ? std::string() : "a public key, as `braid mesh key show` writes it";
      });
  recover_command->add_option("--domain", recovered->domain, "The domain")->required()->type_name("DOMAIN");
  recover_command->add_option("--with", recovered->with, "File of the key for recovery")->required()->type_name("FILE");
  recovered->add_to(*recover_command);
  recover_command->callback([recovered, &context] {
    with_product_registry(*recovered, context, [&](mesh::ObjectStore& store, const std::string&, Reporter& reporter) {
      return recover(store, *recovered, reporter);
    });
  });
}

}  // namespace braid::cli

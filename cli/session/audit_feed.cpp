#include "cli/session/audit_feed.h"

#include <pthread.h>

#include <cerrno>
#include <chrono>
#include <csignal>

#include "cli/session/foreign_products.h"
#include "cli/session/mesh_registry.h"
#include "mesh/access/domain_keys.h"
#include "mesh/audit/audit_log.h"
#include "mesh/registry/lock.h"
#include "runtime/base/clock.h"
#include "runtime/report/audit_findings.h"
#include "runtime/report/registry_findings.h"

namespace braid::cli {
namespace {

constexpr std::chrono::seconds kEvery{1};
constexpr int64_t kLook = 50'000, kLongestWait = 10'000'000;
constexpr std::string_view kEnding = ".ndjson";

std::string folder_of(const Project& project) {
  return join_path(cache_path(project), "audit");
}

Error other_log(const std::string& domain, int64_t sequence, const std::string& path) {
  const Diagnostic finding = diag::AuditLogIsAnother{.node = domain, .event = sequence, .path = path}.make();
  return {ErrorKind::input, finding.message, finding.code, 0};
}

bool is_refused(const Error& error) {
  return error.code == diag::AuditLogIsAnother::kCode || error.code == diag::RegistryDamaged::kCode;
}

/// Whole lines that the file lacks, of a log that is checked as a whole. `there`: those that it has.
Result<std::string> lines_of_all(mesh::AuditLog& log, const std::string& domain, const std::string& path,
                                 std::string_view there) {
  BRAID_ASSIGN(const std::vector<mesh::ChainedEvent> events, log.read());
  size_t at = 0;
  std::string more;
  for (const mesh::ChainedEvent& event : events) {
    const std::string line = mesh::to_json(event) + "\n";
    if (at < there.size()) {
      if (there.compare(at, line.size(), line) != 0) return other_log(domain, event.sequence, path);
      at += line.size();
    } else {
      more += line;
    }
  }
  // A log that was taken back to an earlier state.
  if (at < there.size()) return other_log(domain, static_cast<int64_t>(events.size()) + 1, path);
  return more;
}

/// The same of a log that was checked before: the chain from its head has to lead to the last line. Reads what is new.
Result<std::string> lines_behind(mesh::AuditLog& log, const std::string& domain, const std::string& path,
                                 std::string_view there) {
  const size_t before = there.size() < 2 ? there.npos : there.rfind('\n', there.size() - 2);
  const std::string_view last = there.substr(before == there.npos ? 0 : before + 1);
  const Result<mesh::ChainedEvent> known = mesh::read_event(std::string(last.substr(0, last.size() - 1)));
  if (!known.ok()) return lines_of_all(log, domain, path, there);
  bool met = false;
  std::vector<std::string> lines;
  BRAID_TRY(log.read_back([&](const mesh::ChainedEvent& event) {
    std::string line = mesh::to_json(event) + "\n";
    if (event.sequence <= known->sequence) {
      met = line == last;
      return false;
    }
    lines.push_back(std::move(line));
    return true;
  }));
  if (!met) return other_log(domain, known->sequence, path);
  std::string more;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) more += *line;
  return more;
}

/// Of domains by braid.lock, if there is one.
Result<std::map<std::string, std::string>> pinned_keys(const Project& project) {
  std::map<std::string, std::string> keys;
  BRAID_ASSIGN(const FileInfo info, real_fs().stat(lock_path(project)));
  if (!info.exists) return keys;
  BRAID_ASSIGN(const std::string text, real_fs().read_file(lock_path(project)));
  const Result<mesh::Lock> lock = mesh::read_lock(text);
  if (!lock.ok()) {
    const Diagnostic finding = diag::LockFileBroken{.path = lock_path(project), .reason = lock.error().message}.make();
    return Error{ErrorKind::input, finding.message, finding.code, 0};
  }
  for (const auto& [domain, pinned] : lock->domains) keys[domain] = pinned.key;
  return keys;
}

}  // namespace

std::string audit_path(const Project& project, const std::string& domain) {
  return join_path(folder_of(project), domain + std::string(kEnding));
}

AuditFeed::AuditFeed(std::unique_ptr<mesh::ObjectStore> store, Fs& fs, std::string folder,
                     std::set<std::string> domains, std::string tenant, std::map<std::string, std::string> known_keys)
    : store_(std::move(store)),
      fs_(fs),
      folder_(std::move(folder)),
      domains_(std::move(domains)),
      tenant_(std::move(tenant)),
      known_keys_(std::move(known_keys)) {}

AuditFeed::~AuditFeed() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  stopping_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::optional<Error> AuditFeed::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

std::string AuditFeed::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

Status AuditFeed::fetch() {
  BRAID_TRY(fs_.make_directories(folder_));
  // Several jobs of a project share the files.
  Result<std::unique_ptr<FileLock>> lock = fs_.lock(join_path(folder_, ".lock"));
  for (int64_t waited = 0; !lock.ok() && lock.error().system_error == EWOULDBLOCK && waited < kLongestWait;
       waited += kLook) {
    system_clock().sleep_us(kLook);
    lock = fs_.lock(join_path(folder_, ".lock"));
  }
  if (!lock.ok()) return lock.error();
  std::set<std::string> domains = domains_;
  if (domains.erase("*") > 0) {
    BRAID_ASSIGN(const std::vector<std::string> all, mesh::AuditLog::nodes(*store_));
    domains.insert(all.begin(), all.end());
  }
  for (const std::string& domain : domains) BRAID_TRY(fetch(domain));
  return {};
}

Status AuditFeed::fetch(const std::string& domain) {
  const std::string path = join_path(folder_, domain + std::string(kEnding));
  BRAID_ASSIGN(const std::optional<mesh::StoredHead> head, store_->read_head("audit/" + domain + "/head"));
  const std::string content = head ? head->content : std::string();
  if (const auto known = heads_.find(domain); known != heads_.end() && known->second == content) return {};

  BRAID_ASSIGN(std::string tenant, mesh::AuditLog::tenant_in(*store_, domain));
  if (tenant.empty()) tenant = tenant_;
  if (head) BRAID_TRY(check_signer(domain, *head, tenant));
  mesh::AuditLog log(*store_, system_clock(), tenant, domain);
  std::string before;
  BRAID_ASSIGN(const FileInfo info, fs_.stat(path));
  if (info.exists) {
    BRAID_ASSIGN(before, fs_.read_file(path));
  }
  // Killed while it was written, its last line may be a part of one.
  const size_t whole = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  const std::string_view there = std::string_view(before).substr(0, whole);
  BRAID_ASSIGN(const std::string more, whole > 0 && heads_.contains(domain) ? lines_behind(log, domain, path, there)
                                                                            : lines_of_all(log, domain, path, there));
  BRAID_ASSIGN(const std::unique_ptr<FileWriter> writer, fs_.open_writer(path, OpenMode::create_or_append));
  if (whole < before.size()) BRAID_TRY(writer->truncate(whole));
  if (!more.empty()) BRAID_TRY(writer->append(more));
  heads_[domain] = content;
  return {};
}

Status AuditFeed::check_signer(const std::string& domain, const mesh::StoredHead& stored, const std::string& tenant) {
  const Result<mesh::AuditHead> head =
      mesh::read_audit_head(stored.content, fmt::format("urn:braid:{}:{}", tenant, domain));
  if (!head.ok()) return {};  // whoever reads the log says what is wrong with it
  const std::optional<int64_t> publications = mesh::publications_known_to(*head);
  if (const auto known = signers_.find(domain); known != signers_.end())
    if (known->second == std::pair(head->signer, publications)) return {};
  const auto known = known_keys_.find(domain);
  BRAID_ASSIGN(
      const std::set<std::string> keys,
      mesh::signers_of(*store_, system_clock(), domain, known == known_keys_.end() ? "" : known->second, publications));
  // Nobody said yet whose key it is: the one that was first.
  std::string& first = first_[domain];
  if (keys.empty() && first.empty()) first = head->signer;
  if (keys.contains(head->signer) || (keys.empty() && first == head->signer)) {
    signers_[domain] = {head->signer, publications};
    return {};
  }
  const Diagnostic finding =
      diag::RegistryDamaged{.object = fmt::format("audit/{}/head", domain),
                            .place = store_->place(),
                            .reason = fmt::format("a key that does not sign for `{}` has signed it", domain)}
          .make();
  return Error{ErrorKind::input, finding.message, finding.code, 0};
}

void AuditFeed::follow() {
  // Signals are for the job's thread.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void AuditFeed::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_.wait_for(lock, kEvery, [this] { return stops_; })) {
    lock.unlock();
    const Status fetched = fetch();
    lock.lock();
    problem_ = fetched.ok() ? std::string() : fetched.error().message;
    if (fetched.ok() || !is_refused(fetched.error())) continue;
    failure_ = fetched.error();
    return;
  }
}

Result<std::unique_ptr<AuditFeed>> begin_audit_feed(const Session& session) {
  if (session.audit_logs().empty()) return std::unique_ptr<AuditFeed>();
  Reporter reporter;
  std::unique_ptr<mesh::ObjectStore> store = open_product_registry(session.files(), reporter);
  if (store == nullptr) {
    const Diagnostic finding = reporter.take_sorted().front();
    return Error{ErrorKind::input, finding.message, finding.code, 0};
  }
  using Keys = std::map<std::string, std::string>;
  BRAID_ASSIGN(Keys keys, pinned_keys(session.files()));
  auto feed = std::make_unique<AuditFeed>(std::move(store), real_fs(), folder_of(session.files()), session.audit_logs(),
                                          session.files().mesh.tenant, std::move(keys));
  BRAID_TRY(feed->fetch());
  return feed;
}

}  // namespace braid::cli

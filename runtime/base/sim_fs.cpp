#include "runtime/base/sim_fs.h"

#include <algorithm>
#include <cerrno>

namespace braid {

class SimReader : public FileReader {
 public:
  SimReader(SimFs& fs, std::string path, SimFs::NodeRef node)
      : fs_(fs), path_(std::move(path)), node_(std::move(node)), generation_(fs.generation_) {}

  Result<uint64_t> size() override {
    std::lock_guard guard(fs_.mutex_);
    BRAID_TRY(begin());
    return static_cast<uint64_t>(node_->content.size());
  }
  Result<FileInfo> info() override {
    BRAID_TRY(begin());
    return SimFs::info_of(*node_);
  }
  Result<size_t> read_at(uint64_t offset, char* into, size_t length) override {
    std::lock_guard guard(fs_.mutex_);
    BRAID_TRY(begin());
    if (offset >= node_->content.size()) return size_t{0};
    return node_->content.copy(into, length, offset);
  }
  Result<std::string_view> map(uint64_t offset, size_t length) override {
    std::lock_guard guard(fs_.mutex_);
    BRAID_TRY(begin());
    if (offset > node_->content.size() || length > node_->content.size() - offset)
      return file_error(ErrorKind::input, "map", path_, EINVAL);
    mapped_.push_back(std::make_unique<std::string>(node_->content.substr(offset, length)));
    return std::string_view(*mapped_.back());
  }

 private:
  Status begin() {
    int failure = fs_.begin_operation();
    if (generation_ != fs_.generation_) failure = EIO;
    if (failure != 0) return file_error(ErrorKind::input, "read", path_, failure);
    return {};
  }
  SimFs& fs_;
  std::string path_;
  SimFs::NodeRef node_;
  uint64_t generation_;
  std::vector<std::unique_ptr<std::string>> mapped_;
};

class SimWriter : public FileWriter {
 public:
  SimWriter(SimFs& fs, std::string path, SimFs::NodeRef node)
      : fs_(fs), path_(std::move(path)), node_(std::move(node)), generation_(fs.generation_) {}
  ~SimWriter() override {
    std::lock_guard guard(fs_.mutex_);
    if (locks_ && generation_ == fs_.generation_) fs_.locked_.erase(node_.get());
  }

  Status append(std::string_view bytes) override {
    std::lock_guard guard(fs_.mutex_);
    bool power_was_cut = fs_.power_is_cut();
    int failure = begin();
    if (failure == 0) {
      node_->content += bytes;
      return {};
    }
    if (generation_ == fs_.generation_ && !power_was_cut)
      node_->content += bytes.substr(0, fs_.rng_.below(bytes.size() + 1));
    return file_error(ErrorKind::output, "write", path_, failure);
  }
  Status truncate(uint64_t length) override {
    std::lock_guard guard(fs_.mutex_);
    if (int failure = begin(); failure != 0) return file_error(ErrorKind::output, "shorten", path_, failure);
    node_->content.resize(length, '\0');
    node_->shortest = std::min<size_t>(node_->shortest, length);
    return {};
  }
  Status sync() override {
    std::lock_guard guard(fs_.mutex_);
    if (int failure = begin(); failure != 0) return file_error(ErrorKind::output, "sync", path_, failure);
    node_->synced = node_->content;
    node_->shortest = node_->content.size();
    return {};
  }
  Result<uint64_t> size() override {
    std::lock_guard guard(fs_.mutex_);
    if (int failure = begin(); failure != 0) return file_error(ErrorKind::output, "write", path_, failure);
    return static_cast<uint64_t>(node_->content.size());
  }
  Result<bool> lock() override {
    std::lock_guard guard(fs_.mutex_);
    if (int failure = begin(); failure != 0) return file_error(ErrorKind::output, "lock", path_, failure);
    locks_ = locks_ || fs_.locked_.insert(node_.get()).second;
    return locks_;
  }

 private:
  int begin() {
    int failure = fs_.begin_operation();
    return generation_ != fs_.generation_ ? EIO : failure;
  }
  SimFs& fs_;
  std::string path_;
  SimFs::NodeRef node_;
  uint64_t generation_;
  bool locks_ = false;
};

class SimLock : public FileLock {
 public:
  SimLock(SimFs& fs, std::string path) : fs_(fs), path_(std::move(path)), generation_(fs.generation_) {}
  ~SimLock() override {
    std::lock_guard guard(fs_.mutex_);
    if (generation_ == fs_.generation_) fs_.locks_.erase(path_);
  }

 private:
  SimFs& fs_;
  std::string path_;
  uint64_t generation_;
};

SimFs::SimFs(uint64_t seed) : seed_(seed), rng_(seed) {
  auto root = new_node();
  root->directory = true;
  entries_["/"] = durable_["/"] = root;
}

SimFs::~SimFs() = default;

SimFs::NodeRef SimFs::new_node() {
  auto node = std::make_shared<Node>();
  node->inode = ++inodes_;
  return node;
}

/// The working directory is the root; `.`, `..` and doubled slashes go.
std::string SimFs::full(const std::string& path) const {
  return normal_path(path);
}

SimFs::NodeRef SimFs::find(const std::string& path) const {
  auto found = entries_.find(full(path));
  return found == entries_.end() ? nullptr : found->second;
}

int SimFs::begin_operation() {
  ++operations_;
  if (power_is_cut()) return EIO;
  auto failure = failures_.find(operations_);
  return failure == failures_.end() ? 0 : failure->second;
}

namespace {

/// Of what lies below `from` once that is `to`; other paths stay.
std::string moved_path(const std::string& path, const std::string& from, const std::string& to) {
  if (path == from || path.starts_with(from + "/")) return to + path.substr(from.size());
  return path;
}

}  // namespace

bool SimFs::EntryChange::is_in(const std::string& directory) const {
  if (!moved_from.empty())
    return parent_directory(moved_from) == directory || parent_directory(moved_to) == directory ||
           moved_to == directory;
  return std::any_of(changes.begin(), changes.end(),
                     [&](const auto& each) { return parent_directory(each.first) == directory; });
}

void SimFs::EntryChange::follow(const EntryChange& durable) {
  // A directory that is gone was empty: what happened in it before is over.
  for (const auto& [gone, node] : durable.changes)
    if (!node) std::erase_if(changes, [&](const auto& each) { return each.first.starts_with(gone + "/"); });
  if (durable.moved_from.empty()) return;
  for (auto& [path, node] : changes) path = moved_path(path, durable.moved_from, durable.moved_to);
  if (moved_from.empty()) return;
  moved_from = moved_path(moved_from, durable.moved_from, durable.moved_to);
  moved_to = moved_path(moved_to, durable.moved_from, durable.moved_to);
}

void SimFs::apply(const EntryChange& change, Entries& entries) {
  if (!change.moved_from.empty()) {
    Entries moved;
    for (auto& [path, node] : entries)
      if (path != change.moved_to) moved[moved_path(path, change.moved_from, change.moved_to)] = node;
    entries = std::move(moved);
  }
  for (const auto& [path, node] : change.changes) {
    if (node) {
      entries[path] = node;
    } else {
      entries.erase(path);
      entries.erase(entries.lower_bound(path + "/"), entries.lower_bound(path + "0"));  // `0` comes behind `/`
    }
  }
}

void SimFs::change_entries(EntryChange change) {
  apply(change, entries_);
  pending_.push_back(std::move(change));
}

Result<FileInfo> SimFs::stat(const std::string& path) {
  std::lock_guard guard(mutex_);
  if (int failure = begin_operation(); failure != 0) return file_error(ErrorKind::input, "read", path, failure);
  NodeRef node = find(path);
  return node ? info_of(*node) : FileInfo{};
}

FileInfo SimFs::info_of(const Node& node) {
  return {.exists = true,
          .directory = node.directory,
          .size = node.content.size(),
          .device = 1,
          .inode = node.inode,
          .links = node.links};
}

Result<std::vector<std::string>> SimFs::list_directory(const std::string& path) {
  std::lock_guard guard(mutex_);
  int failure = begin_operation();
  NodeRef node = find(path);
  if (failure == 0 && !node) failure = ENOENT;
  if (failure == 0 && !node->directory) failure = ENOTDIR;
  if (failure != 0) return file_error(ErrorKind::input, "read directory", path, failure);
  std::string place = full(path);
  std::vector<std::string> names;
  for (const auto& [entry, unused] : entries_)
    if (entry != "/" && parent_directory(entry) == place) names.push_back(entry.substr(entry.find_last_of('/') + 1));
  return names;
}

Result<std::unique_ptr<FileReader>> SimFs::open_reader(const std::string& path) {
  std::lock_guard guard(mutex_);
  int failure = begin_operation();
  NodeRef node = find(path);
  if (failure == 0 && !node) failure = ENOENT;
  if (failure == 0 && node->directory) failure = EISDIR;
  if (failure != 0) return file_error(ErrorKind::input, "open", path, failure);
  return std::unique_ptr<FileReader>(std::make_unique<SimReader>(*this, path, node));
}

Result<std::unique_ptr<FileWriter>> SimFs::open_writer(const std::string& path, OpenMode mode) {
  std::lock_guard guard(mutex_);
  int failure = begin_operation();
  NodeRef node = find(path);
  NodeRef parent = find(parent_directory(full(path)));
  if (failure == 0 && node && mode == OpenMode::create_new) failure = EEXIST;
  if (failure == 0 && !node && mode == OpenMode::append) failure = ENOENT;
  if (failure == 0 && (!parent || !parent->directory)) failure = ENOENT;
  if (failure == 0 && node && node->directory) failure = EISDIR;
  if (failure != 0) return file_error(ErrorKind::output, "open", path, failure);
  if (!node) {
    node = new_node();
    change_entries({{{full(path), node}}, {}, {}});
  } else if (mode == OpenMode::replace) {
    node->content.clear();
    node->shortest = 0;
  }
  return std::unique_ptr<FileWriter>(std::make_unique<SimWriter>(*this, path, node));
}

bool SimFs::is_empty(const std::string& directory) const {
  return std::none_of(entries_.begin(), entries_.end(),
                      [&](const auto& entry) { return parent_directory(entry.first) == directory; });
}

Status SimFs::rename(const std::string& from, const std::string& to) {
  std::lock_guard guard(mutex_);
  int failure = begin_operation();
  NodeRef node = find(from);
  NodeRef parent = find(parent_directory(full(to)));
  if (failure == 0 && (!node || !parent || !parent->directory)) failure = ENOENT;
  const std::string old_path = full(from), new_path = full(to);
  if (failure == 0 && node->directory && new_path.starts_with(old_path + "/")) failure = EINVAL;
  NodeRef replaced = find(to);
  if (failure == 0 && replaced && replaced != node) {
    if (node->directory && !replaced->directory) failure = ENOTDIR;
    if (!node->directory && replaced->directory) failure = EISDIR;
    if (failure == 0 && replaced->directory && !is_empty(new_path)) failure = ENOTEMPTY;
  }
  if (failure != 0) return file_error(ErrorKind::output, "rename", from, failure);
  if (old_path == new_path) return {};
  if (node->directory) {
    change_entries({{}, old_path, new_path});
  } else {
    change_entries({{{old_path, nullptr}, {new_path, node}}, {}, {}});
  }
  return {};
}

Status SimFs::remove(const std::string& path) {
  std::lock_guard guard(mutex_);
  int failure = begin_operation();
  NodeRef node = find(path);
  if (failure == 0 && node && node->directory && !is_empty(full(path))) failure = ENOTEMPTY;
  if (failure != 0) return file_error(ErrorKind::output, "remove", path, failure);
  if (node) change_entries({{{full(path), nullptr}}, {}, {}});
  return {};
}

Status SimFs::make_directories(const std::string& path) {
  std::lock_guard guard(mutex_);
  if (int failure = begin_operation(); failure != 0)
    return file_error(ErrorKind::output, "create directory", path, failure);
  std::vector<std::string> missing;
  std::string place = full(path);
  for (; !entries_.contains(place); place = parent_directory(place)) missing.push_back(place);
  if (!entries_[place]->directory) return file_error(ErrorKind::output, "create directory", path, ENOTDIR);
  for (auto next = missing.rbegin(); next != missing.rend(); ++next) {
    auto node = new_node();
    node->directory = true;
    make_durable(parent_directory(*next));
    entries_[*next] = durable_[*next] = node;
  }
  return {};
}

Status SimFs::sync_directory(const std::string& path) {
  std::lock_guard guard(mutex_);
  int failure = begin_operation();
  NodeRef node = find(path);
  if (failure == 0 && !node) failure = ENOENT;
  if (failure == 0 && !node->directory) failure = ENOTDIR;
  if (failure != 0) return file_error(ErrorKind::output, "sync directory", path, failure);
  make_durable(full(path));
  return {};
}

void SimFs::make_durable(const std::string& directory) {
  std::vector<EntryChange> still_pending;
  for (EntryChange& change : pending_) {
    if (!change.is_in(directory)) {
      still_pending.push_back(std::move(change));
      continue;
    }
    apply(change, durable_);
    for (EntryChange& earlier : still_pending) earlier.follow(change);
  }
  pending_ = std::move(still_pending);
}

Result<std::unique_ptr<FileLock>> SimFs::lock(const std::string& path) {
  std::lock_guard guard(mutex_);
  int failure = begin_operation();
  if (failure == 0 && locks_.contains(full(path))) failure = EWOULDBLOCK;
  NodeRef parent = find(parent_directory(full(path)));
  if (failure == 0 && (!parent || !parent->directory)) failure = ENOENT;
  if (failure != 0) return file_error(ErrorKind::output, "lock", path, failure);
  if (!find(path)) change_entries({{{full(path), new_node()}}, {}, {}});
  locks_.insert(full(path));
  return std::unique_ptr<FileLock>(std::make_unique<SimLock>(*this, full(path)));
}

Result<std::string> SimFs::canonical(const std::string& path) {
  std::lock_guard guard(mutex_);
  if (int failure = begin_operation(); failure != 0) return file_error(ErrorKind::input, "read", path, failure);
  return full(path);
}

Result<std::string> SimFs::unique_id() {
  std::lock_guard guard(mutex_);
  ++ids_;
  const uint64_t id = hash_mix(seed_, ids_);
  return fmt::format("{:016x}{:016x}", id, hash_mix(id));
}

void SimFs::link(const std::string& from, const std::string& to) {
  std::lock_guard guard(mutex_);
  ++find(from)->links;
  entries_[full(to)] = durable_[full(to)] = find(from);
}

void SimFs::crash() {
  std::lock_guard guard(mutex_);
  size_t kept = rng_.below(pending_.size() + 1);
  for (size_t i = 0; i < kept; ++i) apply(pending_[i], durable_);
  pending_.clear();
  entries_ = durable_;
  for (auto& [path, node] : entries_) {
    if (node->directory) continue;
    bool cut = node->shortest < node->synced.size();
    if (cut && rng_.chance(2)) {
      node->content = node->synced;  // the truncation, and with it all after it, did not reach the disk
    } else {
      size_t certain = std::min(node->shortest, node->content.size());
      node->content.resize(certain + rng_.below(node->content.size() - certain + 1));
    }
    node->synced = node->content;
    node->shortest = node->content.size();
  }
  locks_.clear();
  locked_.clear();
  failures_.clear();
  power_cut_ = 0;
  ++generation_;
}

}  // namespace braid

#include "runtime/snapshot/manifest.h"

#include <charconv>

#include "runtime/data/stream_digest.h"

namespace braid {
namespace {

constexpr std::string_view kFirstWords = "braid snapshot ";
constexpr uint64_t kFormat = 1;
constexpr size_t kTimeDigits = 16, kIdDigits = 32, kEpochDigits = 20, kDigestDigits = 16;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

std::string encoded(std::string_view text) {
  const bool dots = text == "." || text == "..";  // folders of their own
  std::string out;
  for (const char c : text) {
    if (is_plain(c) && !dots)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<uint8_t>(c));
  }
  return out;
}

template <class Number>
std::optional<Number> number_of(std::string_view text, int base = 10) {
  Number number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    const auto byte = number_of<uint8_t>(digits, 16);
    if (digits.size() < 2 || !byte) return std::nullopt;
    out += static_cast<char>(*byte);
    i += 2;
  }
  return out;
}

/// Takes the text up to a separator, and the separator.
std::string_view take(std::string_view& rest, char separator) {
  const size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return taken;
}

bool stays_inside(std::string_view path) {
  if (path.empty() || path.ends_with('/')) return false;
  while (!path.empty()) {
    const std::string_view part = take(path, '/');
    if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string_view::npos) return false;
  }
  return true;
}

Error wrong(std::string reason) {
  return {ErrorKind::store, std::move(reason), 0, 0};
}

/// Lines of a word and what belongs to it; stays failed once something was missing.
class ManifestReader {
 public:
  explicit ManifestReader(std::string_view text) : rest_(text) {}
  bool failed() const { return failed_; }
  bool at_end() const { return rest_.empty(); }

  std::string_view word(std::string_view key) {
    std::string_view line = take(rest_, '\n');
    if (take(line, ' ') != key) failed_ = true;
    return line;
  }
  std::string text(std::string_view value) {
    std::optional<std::string> plain = decoded(value);
    if (!plain || plain->empty()) failed_ = true;
    return plain.value_or("");
  }
  uint64_t number(std::string_view value, int base = 10) {
    const auto number = number_of<uint64_t>(value, base);
    if (!number) failed_ = true;
    return number.value_or(0);
  }
  SnapshotFile file() {
    std::string_view line = word("file");
    SnapshotFile file;
    file.size = number(take(line, ' '));
    file.hash = number(take(line, ' '), 16);
    file.object = std::string(take(line, ' '));
    file.path = text(line);
    if (!stays_inside(file.path) || !object_time(file.object) || file.object.find('/') != std::string::npos)
      failed_ = true;
    return file;
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace

std::string SnapshotOwner::files() const {
  return encoded(job) + "/" + encoded(task) + "/files";
}

std::string SnapshotOwner::manifests() const {
  return encoded(job) + "/" + encoded(task) + "/manifests";
}

uint64_t SnapshotManifest::bytes() const {
  uint64_t sum = 0;
  for (const SnapshotFile& file : files) sum += file.size;
  return sum;
}

std::string SnapshotManifest::encode() const {
  std::string text =
      fmt::format("{}{}\njob {}\ntask {}\nprogram {:016x}\nepoch {}\ndigest {:016x}\nfiles {}\n", kFirstWords, kFormat,
                  encoded(owner.job), encoded(owner.task), program, chain.epoch, chain.digest, files.size());
  for (const SnapshotFile& file : files)
    text += fmt::format("file {} {:016x} {} {}\n", file.size, file.hash, file.object, encoded(file.path));
  return text + fmt::format("check {:016x}\n", stream_hash(text));
}

Result<SnapshotManifest> SnapshotManifest::parse(std::string_view text) {
  if (!text.starts_with(kFirstWords)) return wrong("its manifest is damaged");
  std::string_view first = text.substr(kFirstWords.size());
  const std::string_view format = take(first, '\n');
  if (number_of<uint64_t>(format).value_or(0) == 0) return wrong("its manifest is damaged");
  if (number_of<uint64_t>(format) != kFormat)
    return wrong(fmt::format("it has format {}, and this program reads {}", format, kFormat));
  const size_t check = text.rfind("check ");
  if (check == std::string_view::npos ||
      text.substr(check) != fmt::format("check {:016x}\n", stream_hash(text.substr(0, check))))
    return wrong("its manifest is damaged");
  ManifestReader in(first.substr(0, first.size() - (text.size() - check)));
  SnapshotManifest manifest;
  manifest.owner.job = in.text(in.word("job"));
  manifest.owner.task = in.text(in.word("task"));
  manifest.program = in.number(in.word("program"), 16);
  manifest.chain.epoch = in.number(in.word("epoch"));
  manifest.chain.digest = in.number(in.word("digest"), 16);
  const uint64_t count = in.number(in.word("files"));
  for (uint64_t i = 0; i < count && !in.failed(); ++i) manifest.files.push_back(in.file());
  if (in.failed() || !in.at_end()) return wrong("its manifest is damaged");
  return manifest;
}

std::string ManifestName::text() const {
  return fmt::format("{:020}-{:016x}-{:016x}-{}", chain.epoch, chain.digest, put_at_us, id);
}

std::optional<ManifestName> ManifestName::parse(std::string_view text) {
  std::string_view rest = text;
  const auto epoch = number_of<uint64_t>(take(rest, '-'));
  const auto digest = number_of<uint64_t>(take(rest, '-'), 16);
  const auto put_at = number_of<int64_t>(take(rest, '-'), 16);
  if (!epoch || !digest || !put_at) return std::nullopt;
  ManifestName name{{*epoch, *digest}, *put_at, std::string(rest)};
  const bool whole = text.size() == kEpochDigits + kDigestDigits + kTimeDigits + kIdDigits + 3 && name.text() == text;
  if (!whole) return std::nullopt;
  return name;
}

std::string object_name(int64_t put_at_us, const std::string& id, const std::string& path) {
  return fmt::format("{:016x}-{}-{}", put_at_us, id, encoded(path));
}

std::optional<int64_t> object_time(std::string_view name) {
  if (name.size() < kTimeDigits + kIdDigits + 3 || name[kTimeDigits] != '-' || name[kTimeDigits + 1 + kIdDigits] != '-')
    return std::nullopt;
  return number_of<int64_t>(name.substr(0, kTimeDigits), 16);
}

}  // namespace braid

// How alike two texts are, and how names sound. Distances count characters. The time of a comparison grows with the
// product of the lengths, so texts of more than kLongestCompared characters are not compared.
#include <cmath>

#include "stdlib/functions/made_text.h"
#include "stdlib/functions/utf8.h"

namespace braid {

using Text = std::string_view;

namespace {

constexpr uint64_t kLongestCompared = 2000;
constexpr std::string_view kTooMany = "texts of more than 2000 characters are not compared";

struct Characters {
  const uint32_t* points;
  uint64_t count;

  uint32_t operator[](uint64_t index) const { return points[index]; }
};

Characters characters(CallContext& context, Text text) {
  auto* const points = reinterpret_cast<uint32_t*>(allocate(context, text.size() * sizeof(uint32_t)));
  uint64_t count = 0;
  for (; !text.empty(); text.remove_prefix(utf8::front_size(text)))
    points[count++] = utf8::decode(text.data(), utf8::front_size(text));
  return {points, count};
}

struct Compared {
  Characters a, b;
  uint64_t longest;
};

/// False: too long.
bool compared(CallContext& context, Text a, Text b, Compared* made) {
  if (a.size() > 4 * kLongestCompared || b.size() > 4 * kLongestCompared) return false;
  *made = {characters(context, a), characters(context, b), 0};
  made->longest = std::max(made->a.count, made->b.count);
  return made->longest <= kLongestCompared;
}

/// Neither a shared beginning nor a shared end changes an edit distance.
void strip_shared(Compared& texts) {
  while (texts.a.count > 0 && texts.b.count > 0 && texts.a[texts.a.count - 1] == texts.b[texts.b.count - 1])
    --texts.a.count, --texts.b.count;
  while (texts.a.count > 0 && texts.b.count > 0 && texts.a[0] == texts.b[0]) {
    ++texts.a.points, --texts.a.count;
    ++texts.b.points, --texts.b.count;
  }
}

/// Edit distance of a text of at most 64 characters and another: a column of the table is two words of 64 bits
/// (Myers, "A fast bit-vector algorithm", 1999; Hyyrö, 2003).
int64_t short_distance(const Characters& a, const Characters& b) {
  uint64_t ascii[128] = {};
  for (uint64_t i = 0; i < a.count; ++i)
    if (a[i] < 128) ascii[a[i]] |= uint64_t{1} << i;
  uint64_t rises = ~uint64_t{0}, falls = 0;
  const uint64_t last = uint64_t{1} << (a.count - 1);
  auto distance = static_cast<int64_t>(a.count);
  for (uint64_t j = 0; j < b.count; ++j) {
    uint64_t equal = 0;
    if (b[j] < 128) {
      equal = ascii[b[j]];
    } else {
      for (uint64_t i = 0; i < a.count; ++i) equal |= static_cast<uint64_t>(a[i] == b[j]) << i;
    }
    const uint64_t diagonal = (((equal & rises) + rises) ^ rises) | equal | falls;
    uint64_t up = falls | ~(diagonal | rises), down = rises & diagonal;
    distance += (up & last) != 0;
    distance -= (down & last) != 0;
    up = up << 1 | 1;
    down <<= 1;
    rises = down | ~(diagonal | up);
    falls = up & diagonal;
  }
  return distance;
}

/// The table row by row; with `swaps` two neighbours that changed places are one step (optimal string alignment).
int64_t table_distance(CallContext& context, const Characters& a, const Characters& b, bool swaps) {
  auto* const rows = reinterpret_cast<int32_t*>(allocate(context, 3 * (b.count + 1) * sizeof(int32_t)));
  int32_t *before = rows, *above = rows + b.count + 1, *row = rows + 2 * (b.count + 1);
  for (uint64_t j = 0; j <= b.count; ++j) above[j] = static_cast<int32_t>(j);
  for (uint64_t i = 1; i <= a.count; ++i) {
    row[0] = static_cast<int32_t>(i);
    for (uint64_t j = 1; j <= b.count; ++j) {
      const int32_t replaced = above[j - 1] + (a[i - 1] != b[j - 1]);
      row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
      if (swaps && i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    int32_t* const oldest = before;
    before = above;
    above = row;
    row = oldest;
  }
  return above[b.count];
}

int64_t edit_distance(CallContext& context, Compared texts) {
  strip_shared(texts);
  if (texts.a.count > texts.b.count) std::swap(texts.a, texts.b);
  if (texts.a.count == 0) return static_cast<int64_t>(texts.b.count);
  if (texts.a.count <= 64) return short_distance(texts.a, texts.b);
  return table_distance(context, texts.a, texts.b, false);
}

}  // namespace

// ---- edits ---------------------------------------------------------------------------------------------------------

static Fallible<int64_t> levenshtein(CallContext& context, Text a, Text b) {
  Compared texts;
  if (!compared(context, a, b, &texts)) return fails(context, kTooMany);
  return edit_distance(context, texts);
}
BRAID_FUNCTION(
    similarity, levenshtein,
    {.summary = "How many characters must be put in, taken out or replaced to make one text of another. Fails "
                "for texts of more than 2000 characters.",
     .parameters = {{"a", "One text."}, {"b", "The other."}},
     .examples = {{R"(levenshtein("kitten", "sitting"))", "3"},
                  {R"(levenshtein("", "né"))", "2"},
                  {R"(levenshtein("a", repeat("x", 2001)))", "fails"}}})

static Fallible<int64_t> damerau_levenshtein(CallContext& context, Text a, Text b) {
  Compared texts;
  if (!compared(context, a, b, &texts)) return fails(context, kTooMany);
  strip_shared(texts);
  return table_distance(context, texts.a, texts.b, true);
}
BRAID_FUNCTION(similarity, damerau_levenshtein,
               {.summary = "As `levenshtein`, but two neighbours that have changed places are one step; no part is "
                           "changed twice. Fails for texts of more than 2000 characters.",
                .parameters = {{"a", "One text."}, {"b", "The other."}},
                .examples = {{R"(damerau_levenshtein("from", "form"))", "1"},
                             {R"(damerau_levenshtein("ca", "abc"))", "3"},
                             {R"(damerau_levenshtein("a", repeat("x", 2001)))", "fails"}}})

static Fallible<double> text_similarity(CallContext& context, Text a, Text b) {
  Compared texts;
  if (!compared(context, a, b, &texts)) return fails(context, kTooMany);
  if (texts.longest == 0) return 1.0;
  return 1 - static_cast<double>(edit_distance(context, texts)) / static_cast<double>(texts.longest);
}
BRAID_FUNCTION(
    similarity, text_similarity,
    {.summary = "1 for equal texts down to 0: 1 less the share of the longer text that `levenshtein` counts. "
                "Fails for texts of more than 2000 characters.",
     .parameters = {{"a", "One text."}, {"b", "The other."}},
     .examples = {{R"(text_similarity("Oslo", "Osla"))", "0.75e0"},
                  {R"(text_similarity("", ""))", "1e0"},
                  {R"(text_similarity("a", repeat("x", 2001)))", "fails"}}})

static std::optional<int64_t> hamming(Text a, Text b) {
  int64_t different = 0;
  while (!a.empty() && !b.empty()) {
    const uint64_t one = utf8::front_size(a), other = utf8::front_size(b);
    different += a.substr(0, one) != b.substr(0, other);
    a.remove_prefix(one);
    b.remove_prefix(other);
  }
  if (!a.empty() || !b.empty()) return std::nullopt;
  return different;
}
BRAID_FUNCTION(similarity, hamming,
               {.summary = "At how many places two texts of one length differ; null if their lengths do.",
                .parameters = {{"a", "One text."}, {"b", "The other."}},
                .examples = {{R"(hamming("karolin", "kathrin"))", "3"}, {R"(hamming("a", "ab"))", "null"}}})

// ---- names ---------------------------------------------------------------------------------------------------------

namespace {

double jaro_of(CallContext& context, const Characters& a, const Characters& b) {
  if (a.count == 0 && b.count == 0) return 1;
  if (a.count == 0 || b.count == 0) return 0;
  const uint64_t half = std::max(a.count, b.count) / 2, reach = half > 0 ? half - 1 : 0;
  auto* const taken_a = allocate(context, a.count + b.count);
  auto* const taken_b = taken_a + a.count;
  std::memset(taken_a, 0, a.count + b.count);
  uint64_t matches = 0;
  for (uint64_t i = 0; i < a.count; ++i) {
    const uint64_t begin = i > reach ? i - reach : 0, end = std::min(i + reach + 1, b.count);
    for (uint64_t j = begin; j < end; ++j) {
      if (taken_b[j] != 0 || a[i] != b[j]) continue;
      taken_a[i] = taken_b[j] = 1;
      ++matches;
      break;
    }
  }
  if (matches == 0) return 0;
  uint64_t displaced = 0;
  for (uint64_t i = 0, j = 0; i < a.count; ++i) {
    if (taken_a[i] == 0) continue;
    while (taken_b[j] == 0) ++j;
    displaced += a[i] != b[j++];
  }
  const auto m = static_cast<double>(matches);
  return (m / static_cast<double>(a.count) + m / static_cast<double>(b.count) +
          (m - static_cast<double>(displaced / 2)) / m) /
         3;
}

}  // namespace

static Fallible<double> jaro(CallContext& context, Text a, Text b) {
  Compared texts;
  if (!compared(context, a, b, &texts)) return fails(context, kTooMany);
  return jaro_of(context, texts.a, texts.b);
}
BRAID_FUNCTION(similarity, jaro,
               {.summary = "The similarity of Jaro, 0 to 1: characters that both texts have at nearly the same place. "
                           "Fails for texts of more than 2000 characters.",
                .parameters = {{"a", "One text."}, {"b", "The other."}},
                .examples = {{R"(round(jaro("MARTHA", "MARHTA"), 4))", "0.9444e0"},
                             {R"(jaro("abc", "xyz"))", "0e0"},
                             {R"(jaro("a", repeat("x", 2001)))", "fails"}}})

static Fallible<double> jaro_winkler(CallContext& context, Text a, Text b) {
  Compared texts;
  if (!compared(context, a, b, &texts)) return fails(context, kTooMany);
  const double jaro = jaro_of(context, texts.a, texts.b);
  uint64_t shared = 0;
  while (shared < 4 && shared < texts.a.count && shared < texts.b.count && texts.a[shared] == texts.b[shared]) ++shared;
  return jaro + static_cast<double>(shared) * 0.1 * (1 - jaro);
}
BRAID_FUNCTION(
    similarity, jaro_winkler,
    {.summary = "The similarity of Jaro and Winkler, 0 to 1: that of Jaro, raised for a shared beginning of up "
                "to four characters. Fails for texts of more than 2000 characters.",
     .parameters = {{"a", "One text."}, {"b", "The other."}},
     .examples = {{R"(round(jaro_winkler("MARTHA", "MARHTA"), 4))", "0.9611e0"},
                  {R"(jaro_winkler("", ""))", "1e0"},
                  {R"(jaro_winkler("a", repeat("x", 2001)))", "fails"}}})

// ---- sets of parts -------------------------------------------------------------------------------------------------

namespace {

/// Sorts hashes and drops those that come twice.
uint64_t unique(uint64_t* items, uint64_t count) {
  std::sort(items, items + count);
  return static_cast<uint64_t>(std::unique(items, items + count) - items);
}

double share_of_common(const uint64_t* a, uint64_t count_a, const uint64_t* b, uint64_t count_b) {
  if (count_a == 0 && count_b == 0) return 1;
  uint64_t common = 0;
  for (uint64_t i = 0, j = 0; i < count_a && j < count_b;) {
    common += a[i] == b[j];
    const bool first = a[i] <= b[j], second = b[j] <= a[i];
    i += first;
    j += second;
  }
  return static_cast<double>(common) / static_cast<double>(count_a + count_b - common);
}

/// The trigrams of a text: three characters of 21 bits are one number.
uint64_t* trigrams(CallContext& context, Text text, uint64_t* count) {
  const Characters all = characters(context, text);
  auto* const made = reinterpret_cast<uint64_t*>(allocate(context, (all.count + 2) * sizeof(uint64_t)));
  uint64_t window = 0;
  *count = 0;
  const auto push = [&](uint64_t point) { window = (window << 21 | point) & ((uint64_t{1} << 63) - 1); };
  push(' '), push(' ');
  for (uint64_t i = 0; i < all.count; ++i) {
    push(all[i] & 0x1FFFFF);
    made[(*count)++] = window;
  }
  if (all.count > 0) {
    push(' ');
    made[(*count)++] = window;
  }
  *count = unique(made, *count);
  return made;
}

}  // namespace

static double trigram_similarity(CallContext& context, Text a, Text b) {
  uint64_t count_a = 0, count_b = 0;
  const uint64_t* const of_a = trigrams(context, a, &count_a);
  const uint64_t* const of_b = trigrams(context, b, &count_b);
  return share_of_common(of_a, count_a, of_b, count_b);
}
BRAID_FUNCTION(
    similarity, trigram_similarity,
    {.summary = "The share of the trigrams (three neighbouring characters, with two blanks before the text and "
                "one behind it) of two texts that both have, 0 to 1.",
     .parameters = {{"a", "One text."}, {"b", "The other; upper and lower case differ."}},
     .examples = {{R"(trigram_similarity("word", "word"))", "1e0"},
                  {R"(round(trigram_similarity("word", "words"), 4))", "0.5714e0"},
                  {R"(trigram_similarity("", "a"))", "0e0"}}})

static double jaccard(CallContext& context, ListOf<Text> a, ListOf<Text> b) {
  // Positions of the texts, sorted: equal ones stand together, and no hash can confuse two.
  const auto sorted = [&context](const ListOf<Text>& list, uint64_t* count) {
    auto* const made = reinterpret_cast<Text*>(allocate(context, list.count * sizeof(Text)));
    for (uint64_t i = 0; i < list.count; ++i) made[i] = list.items[i].bytes.view();
    std::sort(made, made + list.count);
    *count = static_cast<uint64_t>(std::unique(made, made + list.count) - made);
    return made;
  };
  uint64_t count_a = 0, count_b = 0, common = 0;
  const Text *const one = sorted(a, &count_a), *const other = sorted(b, &count_b);
  if (count_a == 0 && count_b == 0) return 1;
  for (uint64_t i = 0, j = 0; i < count_a && j < count_b;) {
    const int order = one[i].compare(other[j]);
    common += order == 0;
    i += order <= 0;
    j += order >= 0;
  }
  return static_cast<double>(common) / static_cast<double>(count_a + count_b - common);
}
BRAID_FUNCTION(similarity, jaccard,
               {.summary = "The share of the different texts of two lists that stand in both, 0 to 1.",
                .parameters = {{"a", "One list."}, {"b", "The other."}},
                .examples = {{R"(jaccard(["a", "b", "b"], ["b", "c"]) * 3e0)", "1e0"},
                             {R"(jaccard(words("red shoes"), words("red shoes")))", "1e0"},
                             {R"(jaccard(words(""), ["a"]))", "0e0"}}})

BRAID_GROUP(similarity)

}  // namespace braid

// What functions promise together: one undoes another, the fast way gives what the plain way gives, a sum stays whole.
// Random arguments; the same seed each run.
#include <nlohmann/json.hpp>
#include <random>

#include "runtime/data/time_text.h"
#include "stdlib/functions/calling.h"

namespace braid {
namespace {

using Random = std::mt19937_64;
constexpr int kRounds = 2000;

std::string letters(Random& random, uint64_t most, std::string_view from = "abcde") {
  std::string made;
  for (uint64_t i = random() % (most + 1); i > 0; --i) made += from[random() % from.size()];
  return made;
}

// ---- texts ---------------------------------------------------------------------------------------------------------

/// The table of the definition; `swaps`: neighbours that changed places are one step.
int64_t plain_distance(const std::string& a, const std::string& b, bool swaps) {
  std::vector<std::vector<int64_t>> table(a.size() + 1, std::vector<int64_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      int64_t& cell = table[i][j];
      cell = static_cast<int64_t>(i + j);
      if (i > 0 && j > 0) {
        cell = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
        if (swaps && i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
          cell = std::min(cell, table[i - 2][j - 2] + 1);
      }
    }
  }
  return table[a.size()][b.size()];
}

TEST(Laws, DistancesAreThoseOfTheDefinition) {
  Random random(1);
  Call levenshtein("similarity_levenshtein"), damerau("similarity_damerau_levenshtein");
  for (int i = 0; i < kRounds; ++i) {
    const uint64_t most = i % 10 == 0 ? 150 : 12;  // the long ones leave the words of 64 bits
    const std::string a = letters(random, most, "ab"), b = letters(random, most, "abc");
    EXPECT_EQ(levenshtein(std::string_view(a), std::string_view(b)).as<int64_t>(), plain_distance(a, b, false))
        << a << " " << b;
    EXPECT_EQ(damerau(std::string_view(a), std::string_view(b)).as<int64_t>(), plain_distance(a, b, true))
        << a << " " << b;
  }
}

TEST(Laws, NormalFormsAreNormal) {
  Random random(2);
  const std::vector<std::string> pieces{"a",       "e\u0301", "é", "\u0316", "\u0301", "ﬁ", "한", "\u1112\u1161\u11ab",
                                        "ẛ\u0323", "Å",       "ß"};
  for (const std::string_view form : {"NFC"sv, "NFD"sv, "NFKC"sv, "NFKD"sv}) {
    Call normalize("unicode_normalize");
    for (int i = 0; i < kRounds; ++i) {
      std::string text;
      for (uint64_t n = random() % 8; n > 0; --n) text += pieces[random() % pieces.size()];
      const std::string once(normalize(std::string_view(text), form).as<std::string_view>());
      EXPECT_EQ(normalize(std::string_view(once), form).as<std::string_view>(), once) << form << " " << text;
      // The other way round comes to the same.
      Call other("unicode_normalize");
      const std::string apart(
          other(std::string_view(text), form.ends_with("C") ? "NFD"sv : "NFC"sv).as<std::string_view>());
      EXPECT_EQ(normalize(std::string_view(apart), form).as<std::string_view>(), once) << form << " " << text;
    }
  }
}

TEST(Laws, DecodingUndoesEncoding) {
  Random random(3);
  for (const auto& [encode, decode] :
       std::vector<std::pair<const char*, const char*>>{{"encoding_hex", "encoding_from_hex"},
                                                        {"encoding_base64", "encoding_from_base64"},
                                                        {"encoding_base64url", "encoding_from_base64url"},
                                                        {"encoding_base32", "encoding_from_base32"}}) {
    Call there(encode), back(decode);
    for (int i = 0; i < kRounds; ++i) {
      std::string bytes;
      for (uint64_t n = random() % 20; n > 0; --n) bytes += static_cast<char>(random() % 256);
      const std::string text(there(Binary{bytes}).as<std::string_view>());
      EXPECT_EQ(back(std::string_view(text)).as<Binary>().view, bytes) << encode << " " << text;
    }
  }
  Call escape("encoding_html_escape"), unescape("encoding_html_unescape"), encode("urls_url_encode"),
      decode("urls_url_decode");
  for (int i = 0; i < kRounds; ++i) {
    const std::string text = letters(random, 20, "a<>&\"';#x39 %+");
    const std::string html(escape(std::string_view(text)).as<std::string_view>());
    EXPECT_EQ(unescape(std::string_view(html)).as<std::string_view>(), text) << html;
    const std::string url(encode(std::string_view(text)).as<std::string_view>());
    EXPECT_EQ(decode(std::string_view(url)).as<std::string_view>(), text) << url;
  }
}

TEST(Laws, CellsOfCsvAreThoseThatWereQuoted) {
  Random random(4);
  Call quote("encoding_csv_quote"), cells("encoding_csv_cells");
  for (int i = 0; i < kRounds; ++i) {
    std::vector<std::string> row;
    std::string line;
    for (uint64_t n = 1 + random() % 5; n > 0; --n) {
      row.push_back(letters(random, 6, "ab\", "));
      line += std::string(quote(std::string_view(row.back())).as<std::string_view>()) + (n > 1 ? "," : "");
    }
    EXPECT_EQ(cells(std::string_view(line), ","sv).texts(), row) << line;
  }
}

TEST(Laws, JsonIsValidWhereAnotherReaderSaysSo) {
  Random random(5);
  Call valid("json_texts_json_valid");
  const std::vector<std::string> pieces{"{",           "}",       "[",   "]",  ",",  ":",         "\"a\"",
                                        "\"\\u00e9\"", "\"\\x\"", "1",   "-0", "01", "1.",        "2.5e-3",
                                        "true",        "null",    "nul", " ",  "\"", "{\"a\":1}", "[1,2]"};
  int right = 0;
  for (int i = 0; i < 20 * kRounds; ++i) {
    std::string text;
    for (uint64_t n = random() % 7; n > 0; --n) text += pieces[random() % pieces.size()];
    const bool expected = nlohmann::json::accept(text);
    EXPECT_EQ(valid(std::string_view(text)).as<bool>(), expected) << text;
    right += expected;
  }
  EXPECT_GT(right, kRounds / 2);
}

TEST(Laws, ReferencesAreResolvedAsTheStandardSays) {
  Call join("addresses_url_join");
  // RFC 3986, section 5.4, with the base of that section.
  const std::vector<std::pair<const char*, const char*>> cases{{"g:h", "g:h"},
                                                               {"g", "http://a/b/c/g"},
                                                               {"./g", "http://a/b/c/g"},
                                                               {"g/", "http://a/b/c/g/"},
                                                               {"/g", "http://a/g"},
                                                               {"//g", "http://g"},
                                                               {"?y", "http://a/b/c/d;p?y"},
                                                               {"g?y", "http://a/b/c/g?y"},
                                                               {"#s", "http://a/b/c/d;p?q#s"},
                                                               {"g#s", "http://a/b/c/g#s"},
                                                               {"g?y#s", "http://a/b/c/g?y#s"},
                                                               {";x", "http://a/b/c/;x"},
                                                               {"g;x", "http://a/b/c/g;x"},
                                                               {"g;x?y#s", "http://a/b/c/g;x?y#s"},
                                                               {"", "http://a/b/c/d;p?q"},
                                                               {".", "http://a/b/c/"},
                                                               {"./", "http://a/b/c/"},
                                                               {"..", "http://a/b/"},
                                                               {"../", "http://a/b/"},
                                                               {"../g", "http://a/b/g"},
                                                               {"../..", "http://a/"},
                                                               {"../../", "http://a/"},
                                                               {"../../g", "http://a/g"},
                                                               {"../../../g", "http://a/g"},
                                                               {"../../../../g", "http://a/g"},
                                                               {"/./g", "http://a/g"},
                                                               {"/../g", "http://a/g"},
                                                               {"g.", "http://a/b/c/g."},
                                                               {".g", "http://a/b/c/.g"},
                                                               {"g..", "http://a/b/c/g.."},
                                                               {"..g", "http://a/b/c/..g"},
                                                               {"./../g", "http://a/b/g"},
                                                               {"./g/.", "http://a/b/c/g/"},
                                                               {"g/./h", "http://a/b/c/g/h"},
                                                               {"g/../h", "http://a/b/c/h"},
                                                               {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
                                                               {"g;x=1/../y", "http://a/b/c/y"},
                                                               {"g?y/./x", "http://a/b/c/g?y/./x"},
                                                               {"g#s/../x", "http://a/b/c/g#s/../x"}};
  for (const auto& [reference, expected] : cases)
    EXPECT_EQ(join("http://a/b/c/d;p?q"sv, std::string_view(reference)).as<std::string_view>(), expected) << reference;
}

// ---- numbers -------------------------------------------------------------------------------------------------------

TEST(Laws, PrimesHaveNoDivisors) {
  Call is_prime("numbers_is_prime");
  for (int64_t n = -3; n < 5000; ++n) {
    bool prime = n > 1;
    for (int64_t d = 2; d * d <= n; ++d) prime = prime && n % d != 0;
    EXPECT_EQ(is_prime(n).as<bool>(), prime) << n;
  }
  for (const int64_t composite : {3'215'031'751, 3'825'123'056'546'413'051, int64_t{9'223'372'036'854'775'807}})
    EXPECT_FALSE(is_prime(composite).as<bool>()) << composite;
}

TEST(Laws, DigitsOfABaseReadBack) {
  Random random(6);
  Call to("formats_to_base"), from("formats_from_base");
  for (int i = 0; i < kRounds; ++i) {
    const int64_t value = i == 0 ? INT64_MIN : static_cast<int64_t>(random()) >> random() % 64, base = 2 + i % 35;
    const std::string text(to(value, base, int64_t{0}).as<std::string_view>());
    EXPECT_EQ(from(std::string_view(text), base).as<int64_t>(), value) << text;
  }
  Call roman("formats_roman"), from_roman("formats_from_roman");
  for (int64_t n = 1; n < 4000; ++n) {
    const std::string text(roman(n).as<std::string_view>());
    EXPECT_EQ(from_roman(std::string_view(text)).as<int64_t>(), n) << text;
  }
}

TEST(Laws, SharesAddUpToTheAmount) {
  Random random(7);
  Call evenly("amounts_allocate_evenly"), weighed("amounts_allocate_by_weights");
  for (int i = 0; i < kRounds; ++i) {
    const Decimal amount{static_cast<int64_t>(random()) % 100'000, 2};
    const auto parts = static_cast<int64_t>(1 + random() % 12);
    const List even = evenly(amount, parts).raw()->list;
    int128 sum = 0, least = even.items[0].i128, most = least;
    for (uint64_t k = 0; k < even.count; ++k) {
      sum += even.items[k].i128;
      least = std::min(least, even.items[k].i128);
      most = std::max(most, even.items[k].i128);
    }
    EXPECT_TRUE(sum == amount.unscaled && most - least <= 1 && even.count == static_cast<uint64_t>(parts));
    std::vector<Slot> weights;
    for (int64_t k = 0; k < parts; ++k) weights.push_back(slot_i64(static_cast<int64_t>(random() % 5)));
    weights.front() = slot_i64(1);
    const Items items(weights);
    const List shares = weighed(amount, items.of<int64_t>()).raw()->list;
    int64_t total = 0;
    for (const Slot& weight : weights) total += weight.i64;
    sum = 0;
    for (uint64_t k = 0; k < shares.count; ++k) {
      sum += shares.items[k].i128;
      // No share is off by a unit or more.
      const int128 apart = shares.items[k].i128 * total - amount.unscaled * weights[k].i64;
      EXPECT_TRUE(apart < total && -apart < total) << k;
    }
    EXPECT_TRUE(sum == amount.unscaled);
  }
}

// ---- days ----------------------------------------------------------------------------------------------------------

TEST(Laws, BusinessDaysAreThoseThatOneCounts) {
  Random random(8);
  Call between("dates_business_days_without"), later("dates_add_business_days_without");
  const auto weekday = [](int64_t days) { return ((days + 3) % 7 + 7) % 7 + 1; };
  for (int i = 0; i < kRounds; ++i) {
    const auto from = static_cast<int32_t>(random() % 2000) - 1000, to = from + static_cast<int32_t>(random() % 60);
    std::vector<Slot> free;
    for (uint64_t n = random() % 8; n > 0; --n)
      free.push_back(native::slot_i32(from - 5 + static_cast<int32_t>(random() % 60)));
    const Items holidays(free);
    const auto works = [&](int64_t day) {
      for (const Slot& each : free)
        if (each.i32 == day) return false;
      return weekday(day) <= 5;
    };
    int64_t count = 0;
    for (int64_t day = from; day < to; ++day) count += works(day);
    EXPECT_EQ(between(Date{from}, Date{to}, holidays.of<Date>()).as<int64_t>(), count);
    EXPECT_EQ(between(Date{to}, Date{from}, holidays.of<Date>()).as<int64_t>(), -count);
    const auto steps = static_cast<int64_t>(random() % 15) - 7;
    int64_t day = from;
    for (int64_t left = std::abs(steps); left > 0; left -= works(day)) day += steps < 0 ? -1 : 1;
    EXPECT_EQ(later(Date{from}, steps, holidays.of<Date>()).as<Date>().days, day) << from << " " << steps;
  }
}

TEST(Laws, WeeksOfTheStandardReadBack) {
  Call of_week("dates_date_of_week"), iso_year("dates_iso_year"), week("time_week_of_date"),
      weekday("time_weekday_of_date");
  for (int32_t days = -200'000; days < 200'000; days += 3) {
    const int64_t year = iso_year(Date{days}).as<int64_t>(), number = week(Date{days}).as<int64_t>();
    EXPECT_EQ(of_week(year, number, weekday(Date{days}).as<int64_t>()).as<Date>().days, days);
  }
}

// ---- addresses, places, identifiers --------------------------------------------------------------------------------

TEST(Laws, AddressesReadBack) {
  Random random(9);
  Call bytes_of("ips_ip_bytes"), of_bytes("ips_ip_from_bytes"), within("ips_ip_in"), first("ips_cidr_first"),
      last("ips_cidr_last");
  for (int i = 0; i < kRounds; ++i) {
    std::string bytes(random() % 2 == 0 ? 4 : 16, '\0');
    for (char& byte : bytes) byte = random() % 2 == 0 ? '\0' : static_cast<char>(random());
    const std::string text(*of_bytes(Binary{bytes}).as<std::optional<std::string_view>>());
    EXPECT_EQ(bytes_of(std::string_view(text)).as<std::optional<Binary>>()->view, bytes) << text;
    const std::string block = text + "/" + std::to_string(random() % (bytes.size() * 8 + 1));
    for (Call* const end : {&first, &last}) {
      const std::string edge(*(*end)(std::string_view(block)).as<std::optional<std::string_view>>());
      EXPECT_TRUE(within(std::string_view(edge), std::string_view(block)).as<bool>()) << edge << " " << block;
    }
  }
}

TEST(Laws, PlacesLieInTheirCells) {
  Random random(10);
  Call hash_of("places_geohash"), box_of("places_geohash_box"), neighbors("places_geohash_neighbors");
  for (int i = 0; i < kRounds; ++i) {
    const double latitude = static_cast<double>(random() % 1'800'000) / 10'000 - 90;
    const double longitude = static_cast<double>(random() % 3'600'000) / 10'000 - 180;
    const std::string hash(hash_of(latitude, longitude, int64_t{1} + i % 12).as<std::string_view>());
    const Slot* const box = box_of(std::string_view(hash)).raw();
    EXPECT_TRUE(box[0].f64 <= latitude && latitude <= box[2].f64 && box[1].f64 <= longitude && longitude <= box[3].f64)
        << hash;
    const std::vector<std::string> around = neighbors(std::string_view(hash)).texts();
    EXPECT_TRUE(around.size() == 8 || around.size() == 5) << hash;
    for (const std::string& each : around) EXPECT_TRUE(each != hash && each.size() == hash.size()) << hash;
  }
}

}  // namespace
}  // namespace braid

// Experiment 1 of Hochreiter & Schmidhuber 1997, from the paper's appendix A.1 and from nothing else of
// this project: a second opinion on how often its nets solve the embedded Reber grammar. Weights change
// after each symbol, as the paper says, or, as in `lstm-variants reproduce`, after each string.
//
//     c++ -O3 -march=native -ffast-math -o reber_1997 benchmarks/reber_1997.cpp
//     ./reber_1997 BLOCKS CELLS RATE symbol|string SEEDS
//
// Prints after how many strings each seed had 256 test strings and the 256 training strings right.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <vector>

using Matrix = std::vector<std::vector<double>>;
using Random = std::mt19937;

const std::string SYMBOLS = "BTPSXVE";
const int INPUTS = 7, STRINGS = 256, BUDGET = 200000, CHECK = 1000, LONGEST = 41, END = -1;

struct Way { char symbol; int to; };
const std::vector<std::vector<Way>> GRAMMAR = {
    {{'B', 1}}, {{'T', 2}, {'P', 3}}, {{'S', 2}, {'X', 4}}, {{'T', 3}, {'V', 5}},
    {{'X', 3}, {'S', 6}}, {{'P', 4}, {'V', 6}}, {{'E', END}}};

struct String {
    std::string symbols;
    std::vector<std::string> allowed;  // at each place
};

String draw(Random& random) {
    for (;;) {
        const char outer = "TP"[random() & 1];
        String s{std::string("B") + outer, {"B", "TP"}};
        for (int node = 0; node != END;) {
            const auto& ways = GRAMMAR[node];
            std::string allowed;
            for (const Way& way : ways) allowed += way.symbol;
            const Way& taken = ways[ways.size() > 1 ? random() & 1 : 0];
            s.symbols += taken.symbol;
            s.allowed.push_back(allowed);
            node = taken.to;
        }
        s.symbols += outer;
        s.symbols += 'E';
        s.allowed.push_back(std::string(1, outer));
        s.allowed.push_back("E");
        if (s.symbols.size() <= LONGEST) return s;
    }
}

double logistic(double a) { return 1 / (1 + std::exp(-a)); }
int index(char symbol) { return static_cast<int>(SYMBOLS.find(symbol)); }

// Hidden units are the input gates, the output gates, and the cells, block by block. Each sees the
// inputs, all hidden units of the step before and, if it is a gate, a bias.
struct Net {
    int blocks, cells, gates, hidden, seen;
    double rate;
    bool after_each_symbol;
    Matrix w, w_out;  // of hidden units; of outputs, which see the cells

    Net(int blocks, int per_block, double rate, bool after_each_symbol, Random& random)
        : blocks(blocks), cells(blocks * per_block), gates(2 * blocks), hidden(gates + cells),
          seen(INPUTS + hidden + 1), rate(rate), after_each_symbol(after_each_symbol),
          w(hidden, std::vector<double>(seen)), w_out(INPUTS, std::vector<double>(cells)) {
        std::uniform_real_distribution<double> small(-.2, .2);
        for (auto& row : w) for (double& v : row) v = small(random);
        for (auto& row : w_out) for (double& v : row) v = small(random);
        for (int j = 0; j < blocks; j++) w[blocks + j].back() = -(j + 1);
        for (int u = gates; u < hidden; u++) w[u].back() = 0;
    }

    // Reads a string; whether all allowed symbols were more active than all others at each place.
    bool read(const String& s, bool learn) {
        std::vector<double> y(hidden), state(cells);
        Matrix by_cell(cells, std::vector<double>(seen)), by_gate = by_cell;  // derivatives of states
        Matrix w_new = w, w_out_new = w_out;
        bool right = true;
        for (size_t t = 0; t + 1 < s.symbols.size(); t++) {
            std::vector<double> x(seen), now(hidden), h(cells);
            x[index(s.symbols[t])] = 1;
            std::copy(y.begin(), y.end(), x.begin() + INPUTS);
            x.back() = 1;
            auto net = [&](int unit) {
                double sum = 0;
                for (int m = 0; m < seen; m++) sum += w[unit][m] * x[m];
                return sum;
            };
            for (int u = 0; u < gates; u++) now[u] = logistic(net(u));
            for (int v = 0; v < cells; v++) {
                const int block = v / (cells / blocks);
                const double in = now[block], p = logistic(net(gates + v)), g = 4 * p - 2;
                state[v] += in * g;
                h[v] = 2 * logistic(state[v]) - 1;
                now[gates + v] = now[blocks + block] * h[v];
                for (int m = 0; m < seen; m++) {
                    by_cell[v][m] += 4 * p * (1 - p) * in * x[m];
                    by_gate[v][m] += g * in * (1 - in) * x[m];
                }
            }
            std::vector<double> out(INPUTS), delta(INPUTS);
            for (int k = 0; k < INPUTS; k++) {
                double sum = 0;
                for (int v = 0; v < cells; v++) sum += w_out[k][v] * now[gates + v];
                out[k] = logistic(sum);
                delta[k] = out[k] * (1 - out[k]) * ((k == index(s.symbols[t + 1])) - out[k]);
            }
            double least = 1, most = 0;
            for (int k = 0; k < INPUTS; k++) {
                if (s.allowed[t + 1].find(SYMBOLS[k]) != std::string::npos) least = std::min(least, out[k]);
                else most = std::max(most, out[k]);
            }
            right = right && least > most;
            if (learn) {
                Matrix& changed = after_each_symbol ? w : w_new;
                Matrix& changed_out = after_each_symbol ? w_out : w_out_new;
                std::vector<double> error(cells);
                for (int v = 0; v < cells; v++)
                    for (int k = 0; k < INPUTS; k++) error[v] += w_out[k][v] * delta[k];
                for (int k = 0; k < INPUTS; k++)
                    for (int v = 0; v < cells; v++) changed_out[k][v] += rate * delta[k] * now[gates + v];
                for (int v = 0; v < cells; v++) {
                    const int block = v / (cells / blocks);
                    const double gate = now[blocks + block];
                    const double of_gate = gate * (1 - gate) * h[v] * error[v];
                    const double of_state = gate * (1 - h[v] * h[v]) / 2 * error[v];
                    for (int m = 0; m < seen; m++) {
                        changed[blocks + block][m] += rate * of_gate * x[m];
                        changed[block][m] += rate * of_state * by_gate[v][m];
                        if (m + 1 < seen) changed[gates + v][m] += rate * of_state * by_cell[v][m];
                    }
                }
            }
            y = now;
        }
        if (learn && !after_each_symbol) w = w_new, w_out = w_out_new;
        return right;
    }
};

int main(int count, char** given) {
    const std::string when = count == 6 ? given[4] : "";
    if ((when != "symbol" && when != "string") || std::atoi(given[1]) < 1 || std::atoi(given[2]) < 1 ||
        !(std::atof(given[3]) > 0) || std::atoi(given[5]) < 1) {
        std::fprintf(stderr, "usage: %s BLOCKS CELLS RATE symbol|string SEEDS\n", given[0]);
        return 2;
    }
    for (int seed = 0; seed < std::atoi(given[5]); seed++) {
        Random random(seed);
        std::vector<String> training(STRINGS), tests;
        std::set<std::string> known;
        for (String& s : training) known.insert((s = draw(random)).symbols);
        while (tests.size() < STRINGS) {
            String s = draw(random);
            if (!known.count(s.symbols)) tests.push_back(s);
        }
        Net net(std::atoi(given[1]), std::atoi(given[2]), std::atof(given[3]), when == "symbol", random);
        auto all_right = [&](const std::vector<String>& strings) {
            return std::all_of(strings.begin(), strings.end(),
                               [&](const String& s) { return net.read(s, false); });
        };
        int read = 0;
        bool solved = false;
        while (read < BUDGET && !solved) {
            for (int n = 0; n < CHECK; n++, read++) net.read(training[random() % STRINGS], true);
            solved = all_right(tests) && all_right(training);
        }
        std::printf("seed %d: %s\n", seed, solved ? std::to_string(read).c_str() : "not solved");
        std::fflush(stdout);
    }
}

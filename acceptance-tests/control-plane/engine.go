package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// This file plays the databases behind lorry, as far as they know accounts: the statements that lorry of KubeBlocks
// 0.7.5 puts together, which are read here as the engine would read them, quotes and all.

// engine is a database with accounts.
type engine interface {
	// implements is whether lorry has the operation for it.
	implements(operation string) bool
	// operate does an operation. It returns lorry's message and the statement that lorry made of it.
	operate(isLeading bool, request lorryRequest, accounts map[string]*account) (message any, statement string, err error)
	// execute runs a statement.
	execute(isLeading bool, statement string, accounts map[string]*account) error
}

func engineOf(character string) engine {
	switch character {
	case "postgresql":
		return postgres{}
	case "mysql":
		return mysql{}
	case "redis":
		return redis{}
	}
	return nil
}

var accountOperations = []string{"listUsers", "createUser", "deleteUser", "describeUser", "grantUserRole", "revokeUserRole"}

// userInfo is how lorry tells of a user.
type userInfo struct {
	UserName string `json:"userName"`
	Expired  string `json:"expired,omitempty"`
	RoleName string `json:"roleName,omitempty"`
}

func users(all ...userInfo) string {
	if all == nil {
		all = []userInfo{}
	}
	text, _ := json.Marshal(all)
	return string(text)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func with(grants []string, more ...string) []string {
	for _, one := range more {
		if !slices.Contains(grants, one) {
			grants = append(grants, one)
		}
	}
	slices.Sort(grants)
	return grants
}

func without(grants []string, fewer ...string) []string {
	return slices.DeleteFunc(slices.Clone(grants), func(one string) bool { return slices.Contains(fewer, one) })
}

func created(request lorryRequest) string {
	return fmt.Sprintf("created user: %s, with password: %s", request.Metadata["userName"], request.Metadata["password"])
}

func changed(request lorryRequest) string {
	user, role := request.Metadata["userName"], request.Metadata["roleName"]
	switch request.Operation {
	case "deleteUser":
		return fmt.Sprintf("deleted user: %s", user)
	case "grantUserRole":
		return fmt.Sprintf("role %s granted to user: %s", role, user)
	case "revokeUserRole":
		return fmt.Sprintf("role %s revoked from user: %s", role, user)
	}
	return created(request)
}

// postgres grants membership in roles, by names of its own.
type postgres struct{}

var postgresRoles = map[string]string{"readonly": "pg_read_all_data", "readwrite": "pg_write_all_data"}

func (postgres) implements(operation string) bool {
	return operation == "exec" || slices.Contains(accountOperations, operation)
}

func (p postgres) operate(isLeading bool, request lorryRequest, accounts map[string]*account) (any, string, error) {
	user, role := request.Metadata["userName"], request.Metadata["roleName"]
	described := func(name string) userInfo {
		found := userInfo{UserName: name, Expired: "F"}
		grants := accounts[name].Grants
		switch {
		case slices.Contains(grants, "superuser"):
			found.RoleName = "superuser"
		case slices.Contains(grants, "pg_write_all_data"):
			found.RoleName = "readwrite"
		case slices.Contains(grants, "pg_read_all_data"):
			found.RoleName = "readonly"
		case len(grants) > 0:
			found.RoleName = "customized"
		}
		return found
	}
	var statement string
	switch request.Operation {
	case "listUsers":
		var all []userInfo
		for _, name := range slices.Sorted(maps.Keys(accounts)) {
			all = append(all, described(name))
		}
		return users(all...), "SELECT usename AS userName ...", nil
	case "describeUser":
		if accounts[user] == nil {
			return users(), "SELECT usename AS userName ...", nil
		}
		return users(described(user)), "SELECT usename AS userName ...", nil
	case "createUser":
		statement = fmt.Sprintf("CREATE USER %s WITH PASSWORD '%s';", user, request.Metadata["password"])
	case "deleteUser":
		statement = fmt.Sprintf("DROP USER IF EXISTS %s;", user)
	case "grantUserRole":
		statement = fmt.Sprintf("GRANT %s TO %s;", postgresRoles[role], user)
		if role == "superuser" {
			statement = fmt.Sprintf("ALTER USER %s WITH SUPERUSER;", user)
		}
	case "revokeUserRole":
		statement = fmt.Sprintf("REVOKE %s FROM %s;", postgresRoles[role], user)
		if role == "superuser" {
			statement = fmt.Sprintf("ALTER USER %s WITH NOSUPERUSER;", user)
		}
	}
	if err := p.execute(isLeading, statement, accounts); err != nil {
		return nil, statement, err
	}
	return changed(request), statement, nil
}

func (postgres) execute(isLeading bool, statement string, accounts map[string]*account) error {
	failed := func(format string, arguments ...any) error {
		return fmt.Errorf("exec sql:%s failed: ERROR: %s", statement, fmt.Sprintf(format, arguments...))
	}
	tokens, err := sqlTokens(statement, false)
	if err != nil {
		return failed("%s (SQLSTATE 42601)", err)
	}
	if !isLeading {
		return failed("cannot execute CREATE ROLE in a read-only transaction (SQLSTATE 25006)")
	}
	var user, role, password string
	require := func() error {
		if accounts[user] == nil {
			return failed("role \"%s\" does not exist (SQLSTATE 42704)", user)
		}
		return nil
	}
	switch {
	case matches(tokens, "CREATE USER $ WITH PASSWORD '", &user, &password):
		if accounts[user] != nil {
			return failed("role \"%s\" already exists (SQLSTATE 42710)", user)
		}
		accounts[user] = &account{PasswordSHA256: digest(password)}
	case matches(tokens, "ALTER USER $ WITH PASSWORD '", &user, &password):
		if err := require(); err != nil {
			return err
		}
		accounts[user].PasswordSHA256 = digest(password)
	case matches(tokens, "ALTER USER $ WITH SUPERUSER", &user):
		if err := require(); err != nil {
			return err
		}
		accounts[user].Grants = with(accounts[user].Grants, "superuser")
	case matches(tokens, "ALTER USER $ WITH NOSUPERUSER", &user):
		if err := require(); err != nil {
			return err
		}
		accounts[user].Grants = without(accounts[user].Grants, "superuser")
	case matches(tokens, "GRANT $ TO $", &role, &user):
		if err := require(); err != nil {
			return err
		}
		accounts[user].Grants = with(accounts[user].Grants, role)
	case matches(tokens, "REVOKE $ FROM $", &role, &user):
		if err := require(); err != nil {
			return err
		}
		accounts[user].Grants = without(accounts[user].Grants, role)
	case matches(tokens, "DROP USER IF EXISTS $", &user):
		if accounts[user] != nil && accounts[user].Owns {
			return failed("role \"%s\" cannot be dropped because some objects depend on it (SQLSTATE 2BP01)", user)
		}
		delete(accounts, user)
	default:
		return failed("syntax error at or near \"%s\" (SQLSTATE 42601)", tokens[min(3, len(tokens)-1)].text)
	}
	return nil
}

// mysql grants privileges, each of the roles those of the one below it and more.
type mysql struct{}

var mysqlPrivileges = map[string][]string{
	"readonly":  {"SELECT"},
	"readwrite": {"DELETE", "INSERT", "SELECT", "UPDATE"},
	"superuser": {"CREATE", "CREATE USER", "DELETE", "DROP", "INSERT", "SELECT", "SUPER", "UPDATE"},
}

func (mysql) implements(operation string) bool {
	return operation == "exec" || slices.Contains(accountOperations, operation)
}

func (m mysql) operate(isLeading bool, request lorryRequest, accounts map[string]*account) (any, string, error) {
	user, privileges := request.Metadata["userName"], mysqlPrivileges[request.Metadata["roleName"]]
	var statement string
	switch request.Operation {
	case "listUsers":
		var all []userInfo
		for _, name := range slices.Sorted(maps.Keys(accounts)) {
			all = append(all, userInfo{UserName: name, Expired: "F"})
		}
		return users(all...), "SELECT user AS userName ...", nil
	case "describeUser":
		statement = fmt.Sprintf("SHOW GRANTS FOR '%s'@'%%';", user)
		if accounts[user] == nil {
			return nil, statement, fmt.Errorf("error executing %s: Error 1141 (42000): There is no such grant defined for user '%s' on host '%%'", statement, user)
		}
		found := userInfo{UserName: user, RoleName: "customized"}
		for role, privileges := range mysqlPrivileges {
			if slices.Equal(privileges, accounts[user].Grants) {
				found.RoleName = role
			}
		}
		if len(accounts[user].Grants) == 0 {
			found.RoleName = ""
		}
		return users(found), statement, nil
	case "createUser":
		statement = fmt.Sprintf("CREATE USER '%s'@'%%' IDENTIFIED BY '%s';", user, request.Metadata["password"])
	case "deleteUser":
		statement = fmt.Sprintf("DROP USER IF EXISTS '%s'@'%%';", user)
	case "grantUserRole":
		statement = fmt.Sprintf("GRANT %s ON *.* TO '%s'@'%%';", strings.Join(privileges, ", "), user)
	case "revokeUserRole":
		statement = fmt.Sprintf("REVOKE %s ON *.* FROM '%s'@'%%';", strings.Join(privileges, ", "), user)
	}
	if privileges == nil {
		if err := m.execute(isLeading, statement, accounts); err != nil {
			return nil, statement, err
		}
		return changed(request), statement, nil
	}
	if accounts[user] == nil {
		return nil, statement, fmt.Errorf("error executing %s: Error 1410 (42000): You are not allowed to create a user with GRANT", statement)
	}
	if request.Operation == "grantUserRole" {
		accounts[user].Grants = with(accounts[user].Grants, privileges...)
	} else {
		accounts[user].Grants = without(accounts[user].Grants, privileges...)
	}
	return changed(request), statement, nil
}

func (mysql) execute(isLeading bool, statement string, accounts map[string]*account) error {
	failed := func(format string, arguments ...any) error {
		return fmt.Errorf("error executing %s: Error %s", statement, fmt.Sprintf(format, arguments...))
	}
	tokens, err := sqlTokens(statement, true)
	if err != nil {
		return failed("1064 (42000): You have an error in your SQL syntax; %s", err)
	}
	if !isLeading {
		return failed("1290 (HY000): The MySQL server is running with the --super-read-only option so it cannot execute this statement")
	}
	var user, host, password string
	switch {
	case matches(tokens, "CREATE USER ' @ ' IDENTIFIED BY '", &user, &host, &password):
		if accounts[user] != nil {
			return failed("1396 (HY000): Operation CREATE USER failed for '%s'@'%s'", user, host)
		}
		accounts[user] = &account{PasswordSHA256: digest(password)}
	case matches(tokens, "ALTER USER ' @ ' IDENTIFIED BY '", &user, &host, &password):
		if accounts[user] == nil {
			return failed("1396 (HY000): Operation ALTER USER failed for '%s'@'%s'", user, host)
		}
		accounts[user].PasswordSHA256 = digest(password)
	case matches(tokens, "DROP USER IF EXISTS ' @ '", &user, &host):
		delete(accounts, user)
	default:
		return failed("1064 (42000): You have an error in your SQL syntax; check the manual near '%s'", tokens[min(3, len(tokens)-1)].text)
	}
	return nil
}

// redis has rules. New users are disabled, as in reality.
type redis struct{}

var redisRules = map[string]map[string]string{
	"grantUserRole":  {"superuser": "+@all allkeys", "readwrite": "-@all +@write +@read allkeys", "readonly": "-@all +@read allkeys"},
	"revokeUserRole": {"superuser": "-@all allkeys", "readwrite": "-@all -@write -@read allkeys", "readonly": "-@all -@read allkeys"},
}

func (redis) implements(operation string) bool { return slices.Contains(accountOperations, operation) }

func (r redis) operate(isLeading bool, request lorryRequest, accounts map[string]*account) (any, string, error) {
	user := request.Metadata["userName"]
	var statement string
	switch request.Operation {
	case "listUsers":
		var all []userInfo
		for _, name := range slices.Sorted(maps.Keys(accounts)) {
			all = append(all, userInfo{UserName: name})
		}
		return users(all...), "ACL USERS", nil
	case "describeUser":
		statement = "ACL GETUSER " + user
		if accounts[user] == nil {
			return nil, statement, errors.New("redis: nil")
		}
		found := userInfo{UserName: user, RoleName: "customized"}
		switch strings.Join(accounts[user].Grants, " ") {
		case "-@all +@read ~*":
			found.RoleName = "readonly"
		case "-@all +@write +@read ~*":
			found.RoleName = "readwrite"
		case "+@all ~*":
			found.RoleName = "superuser"
		}
		return users(found), statement, nil
	case "createUser":
		statement = fmt.Sprintf("ACL SETUSER %s >%s", user, request.Metadata["password"])
	case "deleteUser":
		statement = "ACL DELUSER " + user
	default:
		statement = fmt.Sprintf("ACL SETUSER %s %s", user, redisRules[request.Operation][request.Metadata["roleName"]])
	}
	if err := r.execute(isLeading, statement, accounts); err != nil {
		return nil, statement, err
	}
	return changed(request), statement, nil
}

func (redis) execute(_ bool, statement string, accounts map[string]*account) error {
	arguments := strings.Split(statement, " ")
	if arguments[1] == "DELUSER" {
		delete(accounts, arguments[2])
		return nil
	}
	known := account{Disabled: true}
	if found := accounts[arguments[2]]; found != nil {
		known = *found
	}
	var keys []string
	commands := without(known.Grants, "~*")
	if slices.Contains(known.Grants, "~*") {
		keys = []string{"~*"}
	}
	passwords := []string{}
	if known.PasswordSHA256 != "" {
		passwords = strings.Split(known.PasswordSHA256, ",")
	}
	for _, rule := range arguments[3:] {
		switch {
		case rule == "on":
			known.Disabled = false
		case rule == "off":
			known.Disabled = true
		case rule == "allkeys":
			keys = []string{"~*"}
		case rule == "resetpass":
			passwords = []string{}
		case rule == "+@all" || rule == "-@all":
			commands = []string{rule}
		case strings.HasPrefix(rule, "+") || strings.HasPrefix(rule, "-"):
			commands = append(commands, rule)
		case strings.HasPrefix(rule, ">"):
			passwords = append(passwords, digest(rule[1:]))
		case strings.HasPrefix(rule, "#") && len(rule) == 65:
			passwords = append(passwords, rule[1:])
		case strings.HasPrefix(rule, "<"):
			if !slices.Contains(passwords, digest(rule[1:])) {
				return fmt.Errorf("ERR Error in ACL SETUSER modifier '%s': The password you are trying to remove from the user does not exist", rule)
			}
			passwords = without(passwords, digest(rule[1:]))
		default:
			return fmt.Errorf("ERR Error in ACL SETUSER modifier '%s': Syntax error", rule)
		}
	}
	known.Grants, known.PasswordSHA256 = append(commands, keys...), strings.Join(passwords, ",")
	accounts[arguments[2]] = &known
	return nil
}

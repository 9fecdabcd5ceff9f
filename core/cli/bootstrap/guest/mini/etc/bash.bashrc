# bash reads this also for "ssh HOST COMMAND". What PAM does elsewhere: /etc/environment.
if [ -r /etc/environment ]; then
    while read -r line; do
        case $line in
            '' | '#'*) ;;
            [A-Za-z_]*=*)
                line=${line#export }
                value=${line#*=}
                case $value in
                    \"*\") value=${value#\"} value=${value%\"} ;;
                    \'*\') value=${value#\'} value=${value%\'} ;;
                esac
                export "${line%%=*}=$value"
                ;;
        esac
    done </etc/environment
    unset line value
fi
case $- in *i*) PS1='\u@\h:\w\$ ' ;; esac
